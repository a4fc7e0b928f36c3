//! What is put into the inbox: with how far its partitions are read, or not at all.

use event_log::{Delivery, Refused};
use events::{Position, RecordedEvent};
use projector::{
    PoisonPolicy,
    postgres::{
        PostgresReadModelsOptions,
        inbox::{PostgresInbox, Taken},
    },
};
use read_model::Checkpoint;

use super::{TOPIC, arrivals, delivery, inbox_of, put_in, put_in_first};
use crate::ground::{Ground, Store, busy_history, eventually};

const PARK: PoisonPolicy = PoisonPolicy::Park;

async fn ground() -> (Ground, PostgresInbox, Vec<RecordedEvent>) {
    let ground = Ground::new(Store::Postgres).await;
    // Its tables are made.
    ground.read_model().await.close().await;
    let inbox = inbox_of(&ground);
    (ground, inbox, busy_history().events)
}

/// How far a partition was read, and how many events wait.
async fn state(inbox: &PostgresInbox, partition: i32) -> (Option<i64>, u64) {
    let reached = inbox.reached(TOPIC, &[partition]).await.unwrap();
    let held = inbox.held().await.unwrap();
    (reached.first().map(|at| at.next), held.iter().map(|held| held.events).sum())
}

#[tokio::test]
async fn events_and_how_far_they_were_read_come_together() {
    let (_ground, inbox, events) = ground().await;
    assert_eq!(state(&inbox, 3).await, (None, 0));
    put_in_first(&inbox, 3, arrivals(&events[..5])).await;
    assert_eq!(state(&inbox, 3).await, (Some(5), 5));
    let reached = inbox.reached(TOPIC, &[3]).await.unwrap();
    assert_eq!(reached[0].position, events[4].position);
}

#[tokio::test]
async fn where_events_cannot_be_written_the_partition_is_not_read_further() {
    let (ground, inbox, events) = ground().await;
    put_in_first(&inbox, 0, arrivals(&events[..2])).await;
    ground
        .change(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; \
             CREATE TRIGGER failing BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION fail()",
        )
        .await;
    let more = vec![delivery(0, 2, arrivals(&events)[2..4].to_vec())];
    assert!(inbox.put_in(TOPIC, more.clone()).await.is_err());
    assert_eq!(state(&inbox, 0).await, (Some(2), 2));
    ground.change("DROP TRIGGER failing ON inbox").await;
    assert_eq!(inbox.put_in(TOPIC, more).await.unwrap(), Taken::In { events: 2 });
    assert_eq!(state(&inbox, 0).await, (Some(4), 4));
}

/// As when the process, or its connection, dies between the two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_dies_between_the_two_leaves_neither() {
    const WAITING: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
        AND datname = current_database() AND query LIKE 'INSERT INTO inbox %'";
    let (ground, inbox, events) = ground().await;
    put_in_first(&inbox, 0, arrivals(&events[..2])).await;
    let database = ground.database.as_ref().unwrap();
    let mut other = database.connect().await;
    let lock = "BEGIN; LOCK TABLE cinelog_read_model_1.inbox IN SHARE ROW EXCLUSIVE MODE";
    sqlx::raw_sql(lock).execute(&mut other).await.unwrap();
    let (putting, more) = (inbox.clone(), arrivals(&events)[2..4].to_vec());
    let putting =
        tokio::spawn(async move { putting.put_in(TOPIC, vec![delivery(0, 2, more)]).await });
    // The partition is moved on already, in its transaction, and the events are about to come.
    let watching = tokio::sync::Mutex::new(database.connect().await);
    eventually(async || {
        let mut watching = watching.lock().await;
        let pid: Option<i32> =
            sqlx::query_scalar(WAITING).fetch_optional(&mut *watching).await.unwrap();
        let Some(pid) = pid else { return false };
        let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(pid);
        end.execute(&mut *watching).await.unwrap();
        true
    })
    .await;
    assert!(putting.await.unwrap().unwrap_err().is_transient());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(state(&inbox, 0).await, (Some(2), 2));
}

#[tokio::test]
async fn a_reader_that_has_lost_its_partition_changes_nothing() {
    let (ground, asleep, events) = ground().await;
    let (awake, all) = (inbox_of(&ground), arrivals(&events));
    put_in_first(&asleep, 0, all[..2].to_vec()).await;
    put_in(&awake, 0, 2, all[2..6].to_vec()).await;
    // It wakes up with what it had read before, of two partitions.
    assert!(asleep.place(TOPIC, 1, None, 0).await.unwrap());
    let late = vec![delivery(0, 2, all[2..4].to_vec()), delivery(1, 0, all[6..8].to_vec())];
    assert_eq!(asleep.put_in(TOPIC, late).await.unwrap(), Taken::Displaced);
    assert_eq!(state(&awake, 0).await, (Some(6), 6));
    assert_eq!(state(&awake, 1).await, (Some(0), 6), "nor is what came of the other one");
    assert!(!asleep.place(TOPIC, 0, Some(2), 0).await.unwrap());
    assert!(!asleep.place(TOPIC, 0, None, 0).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_read_on_from_the_same_offset_one_does() {
    let (ground, _, events) = ground().await;
    let (one, other) = (inbox_of(&ground), inbox_of(&ground));
    assert!(one.place(TOPIC, 0, None, 0).await.unwrap());
    for (step, arrival) in (0..).zip(arrivals(&events[..20])) {
        let both = [delivery(0, step, vec![arrival.clone()]), delivery(0, step, vec![arrival])];
        let [first, second] = both.map(|delivery| vec![delivery]);
        let (first, second) = tokio::join!(one.put_in(TOPIC, first), other.put_in(TOPIC, second));
        let taken = [first.unwrap(), second.unwrap()];
        assert!(taken.contains(&Taken::In { events: 1 }), "{taken:?}");
        assert!(taken.contains(&Taken::Displaced), "{taken:?}");
    }
    assert_eq!(state(&one, 0).await, (Some(20), 20));
}

#[tokio::test]
async fn a_batch_empties_the_inbox_of_what_it_folds_in_and_what_comes_later_is_left_out() {
    let (ground, inbox, events) = ground().await;
    put_in_first(&inbox, 0, arrivals(&events[..10])).await;
    let model = ground.leading().await;
    let at = Checkpoint { generation: 1, position: Position::START };
    model.apply(at, &events[..6], PARK).await.unwrap();
    assert_eq!(state(&inbox, 0).await, (Some(10), 4));
    // The same again, as when partitions were read from an earlier offset.
    assert!(inbox.place(TOPIC, 1, None, 0).await.unwrap());
    let again = vec![delivery(1, 0, arrivals(&events[..12]))];
    assert_eq!(inbox.put_in(TOPIC, again).await.unwrap(), Taken::In { events: 2 });
    let held = inbox.held().await.unwrap();
    let held: Vec<_> = held.iter().map(|held| (held.partition, held.events)).collect();
    assert_eq!(held, [(0, 4), (1, 2)]);
}

#[tokio::test]
async fn records_that_are_no_events_are_noted_and_the_partition_goes_on() {
    let (_ground, inbox, events) = ground().await;
    let mut odd = arrivals(&events[..2]);
    odd[0].event.event_type = "Nul\0".to_owned();
    odd[0].offset = 199;
    assert!(inbox.place(TOPIC, 0, None, 0).await.unwrap());
    let refused = (10..199).map(|offset| Refused { offset, reason: format!("no {offset}\0") });
    let delivery =
        Delivery { partition: 0, from: 0, next: 200, arrivals: odd, refused: refused.collect() };
    assert_eq!(inbox.put_in(TOPIC, vec![delivery]).await.unwrap(), Taken::In { events: 1 });
    assert_eq!(state(&inbox, 0).await, (Some(200), 1));
    let refused = inbox.refused(TOPIC).await.unwrap();
    assert_eq!(refused.len(), 64, "the last ones");
    assert!(refused.contains(&(0, 198, "no 198".to_owned())), "{refused:?}");
    assert!(refused.iter().any(|(_, offset, reason)| *offset == 199 && reason.contains("text")));
}

#[tokio::test]
async fn readers_of_another_generation_have_another_name() {
    let ground = Ground::new(Store::Postgres).await;
    ground.leading_in(1).await.close().await;
    ground.leading_in(2).await.close().await;
    let url = ground.database.as_ref().unwrap().url();
    let options = PostgresReadModelsOptions::at(url);
    let name = async |generation| PostgresInbox::at(&options, generation).name().await.unwrap();
    let (one, two) = (name(1).await, name(2).await);
    assert!(one.starts_with("1-") && two.starts_with("2-"), "{one} {two}");
    assert_ne!(one[2..], two[2..]);
    assert_eq!(name(1).await, one);
}
