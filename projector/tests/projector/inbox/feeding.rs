//! A projector that is fed by the inbox: it ends where a fold of the log does, whatever comes by Kafka,
//! and whether anything does.

use std::sync::Arc;

use event_log::{EventLog, Feed};
use events::{Digest, Position, RecordedEvent};
use futures::StreamExt;
use projector::{
    FedBy, PoisonPolicy, Status, Why,
    port::Leadership,
    postgres::inbox::{InboxFeed, InboxFeedOptions},
};
use proptest::{collection::vec, prelude::*, test_runner::Config};
use read_model::ChangeFeed;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::{
    TOPIC, arrivals, delivery, impatient, inbox_of, noticeable, partition_of, patient, put_in,
    put_in_first, spread, start_fed,
};
use crate::{
    contents::folded,
    ground::{Ground, PATIENCE, Running, Store, busy_history, eventually, options, reached},
    history::{History, film},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

fn head(events: &[RecordedEvent]) -> Position {
    events.last().unwrap().position
}

async fn is_fed_by(running: &Running, fed_by: FedBy) {
    eventually(async || running.status.report().fed_by == fed_by).await;
}

async fn has_reached(ground: &Ground, position: Position) {
    eventually(async || ground.position().await >= position).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_log_has_is_folded_in_first_and_then_what_comes_partition_by_partition() {
    let history = busy_history();
    let (old, new) = history.events.split_at(20);
    let ground = Ground::with(Store::Postgres, old).await;
    let running = start_fed(&ground, patient(), options(7, PARK)).await;
    has_reached(&ground, head(old)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    ground.append(new).await;
    let inbox = inbox_of(&ground);
    // The last partition first: nothing of it can be folded in before the others have come.
    for (partition, arrivals) in spread(arrivals(&history.events), 4).into_iter().rev() {
        put_in_first(&inbox, partition, arrivals).await;
    }
    has_reached(&ground, head(new)).await;
    assert_eq!(running.status.report().fed_by, FedBy::Kafka, "nothing else was read");
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
    assert_eq!(inbox.held().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_never_comes_is_taken_from_the_log_which_is_said() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let running = start_fed(&ground, noticeable(), options(7, PARK)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    let (inbox, mut all) = (inbox_of(&ground), arrivals(&history.events));
    let later = all.split_off(30);
    all.remove(11);
    // Before the log has it: however long that takes to write, nothing comes too late besides.
    put_in_first(&inbox, 0, all).await;
    ground.append(&history.events[..30]).await;
    is_fed_by(&running, FedBy::LogInstead(Why::Missing)).await;
    let detail = running.status.report().detail().unwrap();
    assert!(detail.contains("reads the log"), "{detail}");
    has_reached(&ground, Position(30)).await;
    // Kafka has kept pace: it is read again.
    is_fed_by(&running, FedBy::Kafka).await;
    assert_eq!(running.status.report().detail(), None);
    ground.append(&history.events[30..]).await;
    put_in(&inbox, 0, 29, later).await;
    has_reached(&ground, head(&history.events)).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_comes_the_log_is_read_and_what_comes_late_is_folded_in_once() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let running = start_fed(&ground, noticeable(), options(7, PARK)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    ground.append(&history.events[..30]).await;
    is_fed_by(&running, FedBy::LogInstead(Why::Late)).await;
    has_reached(&ground, Position(30)).await;
    // What is appended now is not waited for at all.
    ground.append(&history.events[30..]).await;
    has_reached(&ground, head(&history.events)).await;
    let inbox = inbox_of(&ground);
    put_in_first(&inbox, 0, arrivals(&history.events)).await;
    assert_eq!(inbox.held().await.unwrap(), [], "it is folded in already");
    is_fed_by(&running, FedBy::Kafka).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_what_the_log_holds_is_never_folded_in() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    // Nothing is ever late, and what is found is told for as long as it takes to look.
    let fed = InboxFeedOptions { log_first: PATIENCE, ..patient() };
    let running = start_fed(&ground, fed, options(7, PARK)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    ground.append(&history.events).await;
    let (inbox, mut all) = (inbox_of(&ground), arrivals(&history.events));
    // Another film, in the place of the log's, with all numbers right.
    let forged = all.iter_mut().find(|arrival| arrival.event.event_type == "MovieCreated");
    let forged = &mut forged.unwrap().event;
    let data = forged.data.get().replace("Film", "Fake");
    assert_ne!(data, forged.data.get());
    forged.data = RawValue::from_string(data).unwrap();
    put_in_first(&inbox, 0, all).await;
    is_fed_by(&running, FedBy::LogInstead(Why::Altered)).await;
    has_reached(&ground, head(&history.events)).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_that_cannot_be_read_is_no_reason_to_stop() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let running = start_fed(&ground, noticeable(), options(7, PARK)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    ground.change("ALTER TABLE inbox RENAME COLUMN previous TO before").await;
    is_fed_by(&running, FedBy::LogInstead(Why::Unreadable)).await;
    ground.append(&history.events).await;
    has_reached(&ground, head(&history.events)).await;
    assert!(running.status.report().failing.is_none());
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_parks_its_stream_however_it_comes() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]);
    history.record_poison(events::StreamName::movie(film(1)));
    history.create_with_genres(2, ["Noir"]).rate(2, 1, 7);
    let ground = Ground::new(Store::Postgres).await;
    let running = start_fed(&ground, patient(), options(7, PARK)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    ground.append(&history.events).await;
    put_in_first(&inbox_of(&ground), 0, arrivals(&history.events)).await;
    has_reached(&ground, head(&history.events)).await;
    running.stop().await.unwrap();
    let stored = ground.stored().await;
    assert_eq!(stored.parked_streams.len(), 1);
    assert_eq!(stored, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_goes_on_with_what_is_in_the_inbox_when_the_leader_dies() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let mut items = ground.feed.subscribe();
    let one = start_fed(&ground, patient(), options(7, PARK)).await;
    is_fed_by(&one, FedBy::Kafka).await;
    let other = start_fed(&ground, patient(), options(7, PARK)).await;
    let (inbox, mut all) = (inbox_of(&ground), arrivals(&history.events));
    let later = all.split_off(30);
    ground.append(&history.events[..30]).await;
    put_in_first(&inbox, 0, all).await;
    reached(&mut items, Position(30)).await;
    one.task.abort();
    drop(one.task.await);
    is_fed_by(&other, FedBy::Kafka).await;
    put_in(&inbox, 0, 30, later).await;
    ground.append(&history.events[30..]).await;
    has_reached(&ground, head(&history.events)).await;
    other.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

/// Without a look at the checkpoint, it waited for ever for what the other one had folded in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_lost_the_lead_for_a_moment_goes_on_where_the_other_one_has_come_to() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let running = start_fed(&ground, patient(), options(7, PARK)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    let other = ground.read_model().await;
    ground.append(&history.events[..30]).await;
    // In between two times that it keeps its lead, which lasts for a part of that.
    eventually(async || other.lead().await.unwrap() == Leadership::Leading).await;
    let from = other.checkpoint().await.unwrap();
    other.apply(from, &history.events[..30], PARK).await.unwrap();
    other.resign().await.unwrap();
    let later = arrivals(&history.events).split_off(30);
    ground.append(&history.events[30..]).await;
    put_in_first(&inbox_of(&ground), 0, later).await;
    has_reached(&ground, head(&history.events)).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_an_event_can_hold_comes_through_unchanged() {
    let ground = Ground::new(Store::Postgres).await;
    ground.read_model().await.close().await;
    let (inbox, log) = (inbox_of(&ground), Arc::clone(&ground.log) as Arc<dyn EventLog>);
    let feed = InboxFeed::new(inbox.clone(), Arc::clone(&log), patient(), Status::default());
    let mut batches = feed.subscribe(Position::START);
    // Begins with the log, which is empty, and waits.
    assert!(futures::poll!(batches.next()).is_pending());
    let mut history = busy_history();
    let event = &mut history.events[0];
    let text = format!("{{ \"x\" : \"{}\\u0000\" }}", "ü".repeat((1 << 19) - 32));
    event.data = RawValue::from_string(text).unwrap();
    event.metadata.correlation_id = Some("Ω".to_owned());
    event.metadata.idempotency_key = Some(String::new());
    let before = Digest::EMPTY.extend(event);
    let came = tokio::spawn(async move { timeout(PATIENCE, batches.next()).await });
    put_in_first(&inbox, 0, arrivals(&history.events[..1])).await;
    ground.append(&history.events[..1]).await;
    let came = came.await.unwrap().unwrap().unwrap().unwrap();
    assert_eq!(came.iter().fold(Digest::EMPTY, Digest::extend), before);
}

/// What comes in which order, and what of it does not.
#[derive(Debug, Clone)]
struct Coming {
    /// How many records of which partition come next, again and again.
    steps: Vec<(i32, usize)>,
    /// Events that are left out.
    lost: Vec<usize>,
}

fn coming() -> impl Strategy<Value = Coming> {
    (vec((0..3i32, 1..6usize), 1..30), vec(0..80usize, 0..3))
        .prop_map(|(steps, lost)| Coming { steps, lost })
}

#[test]
fn whatever_comes_in_whatever_order_the_read_model_is_what_a_fold_of_the_log_is() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap();
    let config = Config { cases: 12, max_shrink_iters: 50, ..Config::default() };
    proptest!(config, |(coming in coming())| {
        runtime.block_on(comes(&coming));
    });
}

async fn comes(coming: &Coming) {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let running = start_fed(&ground, impatient(), options(7, PARK)).await;
    is_fed_by(&running, FedBy::Kafka).await;
    let inbox = inbox_of(&ground);
    let mut parts = spread(
        arrivals(&history.events)
            .into_iter()
            .enumerate()
            .filter(|(index, _)| !coming.lost.contains(index))
            .map(|(_, arrival)| arrival)
            .collect(),
        3,
    );
    let mut read = [0i64; 3];
    for partition in 0..3 {
        assert!(inbox.place(TOPIC, partition, None, 0).await.unwrap());
    }
    ground.append(&history.events).await;
    for (partition, records) in &coming.steps {
        let part = parts.get_mut(partition).unwrap();
        let came: Vec<_> = part.drain(..(*records).min(part.len())).collect();
        assert!(came.iter().all(|arrival| partition_of(&arrival.event, 3) == *partition));
        let from = &mut read[usize::try_from(*partition).unwrap()];
        let came = delivery(*partition, *from, came);
        *from = came.next;
        inbox.put_in(TOPIC, vec![came]).await.unwrap();
    }
    has_reached(&ground, head(&history.events)).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}
