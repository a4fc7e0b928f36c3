//! One leads: several projectors on one read model that all of them can reach.

use std::{sync::Arc, time::Duration};

use event_log::EventLog;
use events::{Position, StreamName};
use projector::{
    PoisonPolicy, ReadModel, StoreError,
    port::{Leadership, Place},
};
use proving_ground::CuttingProxy;
use read_model::{ChangeFeed, Checkpoint};

use crate::{
    contents::folded,
    ground::{
        Ground, Store, busy_history, eventually, has_looked_again, on_postgres, options,
        other_history, reached,
    },
    history::film,
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

/// Longer than any of these tests takes: nobody takes over because of it.
const LONG: Duration = Duration::from_secs(600);

fn at(position: u64) -> Checkpoint {
    Checkpoint { generation: 1, position: Position(position) }
}

/// The first generation on a connection of its own, with a lease of so long.
async fn projector_on(ground: &Ground, lease: Duration) -> Arc<dyn ReadModel> {
    let url = ground.database.as_ref().unwrap().url();
    on_postgres(url, lease).open(Place::Generation(1)).await.unwrap()
}

#[tokio::test]
async fn one_of_two_leads_until_it_resigns() {
    let ground = Ground::new(Store::Postgres).await;
    let (one, other) = (projector_on(&ground, LONG).await, projector_on(&ground, LONG).await);
    assert_eq!(one.lead().await.unwrap(), Leadership::Leading);
    assert_eq!(other.lead().await.unwrap(), Leadership::Following);
    assert_eq!(one.lead().await.unwrap(), Leadership::Leading);
    one.resign().await.unwrap();
    assert_eq!(other.lead().await.unwrap(), Leadership::Leading);
    assert_eq!(one.lead().await.unwrap(), Leadership::Following);
    other.close().await;
    assert_eq!(one.lead().await.unwrap(), Leadership::Leading);
}

#[tokio::test]
async fn who_never_led_writes_nothing() {
    let ground = Ground::new(Store::Postgres).await;
    let (one, other) = (projector_on(&ground, LONG).await, projector_on(&ground, LONG).await);
    let events = &busy_history().events[..2];
    assert!(matches!(one.apply(at(0), events, PARK).await, Err(StoreError::Deposed)));
    other.lead().await.unwrap();
    assert!(matches!(one.apply(at(0), events, PARK).await, Err(StoreError::Deposed)));
    other.apply(at(0), events, PARK).await.unwrap();
}

#[tokio::test]
async fn who_does_not_lead_takes_no_mark_from_a_parked_stream() {
    let mut history = busy_history();
    let stream = StreamName::movie(film(1));
    history.record_poison(stream.clone());
    let ground = Ground::new(Store::Postgres).await;
    let one = projector_on(&ground, Duration::from_millis(1)).await;
    let other = projector_on(&ground, LONG).await;
    one.lead().await.unwrap();
    one.apply(at(0), &history.events, PARK).await.unwrap();
    assert_eq!(other.ask_retry(Some(stream.as_str())).await.unwrap(), 1);
    assert!(matches!(other.refuse_retry(&stream).await, Err(StoreError::Deposed)));
    // Nor does one that was asleep, and does not know yet.
    eventually(async || other.lead().await.unwrap() == Leadership::Leading).await;
    assert!(matches!(one.refuse_retry(&stream).await, Err(StoreError::Deposed)));
    let asked = async || one.asked(9).await.unwrap();
    assert_eq!(asked().await, std::slice::from_ref(&stream));
    other.refuse_retry(&stream).await.unwrap();
    assert_eq!(asked().await, []);
}

/// As one that was paused: it has done nothing for longer than its lease.
#[tokio::test]
async fn a_leader_that_was_asleep_writes_nothing_once_another_leads() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let asleep = projector_on(&ground, Duration::from_millis(1)).await;
    let other = projector_on(&ground, LONG).await;
    asleep.lead().await.unwrap();
    asleep.apply(at(0), &history.events[..2], PARK).await.unwrap();
    eventually(async || other.lead().await.unwrap() == Leadership::Leading).await;
    let late = asleep.apply(at(2), &history.events[2..4], PARK).await;
    assert!(matches!(late, Err(StoreError::Deposed)), "{late:?}");
    assert_eq!(ground.stored().await, folded(&history.events[..2]));
    assert_eq!(asleep.lead().await.unwrap(), Leadership::Following);
    // Nor does it when the checkpoint is where it thinks and its lease was renewed by the other's clock.
    let late = asleep.apply(at(2), &history.events[2..4], PARK).await;
    assert!(matches!(late, Err(StoreError::Deposed)), "{late:?}");
    other.apply(at(2), &history.events[2..], PARK).await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn a_lease_that_ran_out_is_no_harm_while_nobody_else_wants_to_lead() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let model = projector_on(&ground, Duration::ZERO).await;
    model.lead().await.unwrap();
    for (position, event) in (0..).zip(&history.events[..5]) {
        model.apply(at(position), std::slice::from_ref(event), PARK).await.unwrap();
    }
    assert_eq!(ground.stored().await, folded(&history.events[..5]));
}

#[tokio::test]
async fn nobody_takes_over_from_a_leader_in_the_middle_of_a_batch() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let slow = projector_on(&ground, Duration::ZERO).await;
    let other = projector_on(&ground, LONG).await;
    slow.lead().await.unwrap();
    let batch = slow.begin(at(0), 1).await.unwrap();
    assert_eq!(other.lead().await.unwrap(), Leadership::Following, "and it is not waited for");
    batch.abandon().await;
    assert_eq!(other.lead().await.unwrap(), Leadership::Leading);
    other.apply(at(0), &history.events[..1], PARK).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_leader_is_killed_a_follower_goes_on_where_it_was() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(Store::Postgres, old).await;
    let mut items = ground.feed.subscribe();
    let one = ground.start(options(7, PARK)).await;
    reached(&mut items, Position(30)).await;
    assert!(one.status.report().leads);
    // Kept: a lease that is renewed once a second is longer than that.
    let log: Arc<dyn EventLog> = Arc::clone(&ground.log) as _;
    let other = ground.start_with(log, projector_on(&ground, LONG).await, options(7, PARK));
    one.task.abort();
    drop(one.task.await);
    ground.append(new).await;
    let head = history.events.last().unwrap().position;
    reached(&mut items, head).await;
    assert!(other.status.report().leads);
    other.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_knows_where_the_read_model_is_and_is_as_well_as_who_leads() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(Store::Postgres, old).await;
    let log: Arc<dyn EventLog> = Arc::clone(&ground.log) as _;
    let leader = projector_on(&ground, LONG).await;
    leader.lead().await.unwrap();
    let leader = ground.start_with(Arc::clone(&log), leader, options(7, PARK));
    let follower = ground.start_with(log, projector_on(&ground, LONG).await, options(7, PARK));
    for events in [old, new] {
        let position = events.last().unwrap().position;
        if position > old.last().unwrap().position {
            ground.append(new).await;
        }
        eventually(async || follower.status.position() == position).await;
        let report = follower.status.report();
        assert!(!report.leads && report.trouble(std::time::Instant::now()).is_none());
        assert_eq!(report.head, position);
    }
    // In good order: no lease is waited for.
    leader.stop().await.unwrap();
    eventually(async || follower.status.report().leads).await;
    follower.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

/// A leader whose machine is gone in the middle of a batch: the server hears nothing, and ends the
/// transaction by itself, or the one who wants to lead does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_goes_silent_in_the_middle_of_a_batch_does_not_keep_the_lead() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    let proxy = CuttingProxy::to(&url).await;
    let silent = on_postgres(&proxy.url_for(&url), Duration::from_millis(1));
    let silent = silent.open(Place::Generation(1)).await.unwrap();
    silent.lead().await.unwrap();
    let batch = silent.begin(at(0), 1).await.unwrap();
    proxy.pause(true);
    let other = projector_on(&ground, LONG).await;
    eventually(async || other.lead().await.unwrap() == Leadership::Leading).await;
    other.apply(at(0), &history.events, PARK).await.unwrap();
    proxy.pause(false);
    // It wakes up, and finds that its transaction is gone.
    assert!(batch.commit().await.unwrap_err().is_transient());
    let late = silent.apply(at(0), &history.events[..1], PARK).await;
    assert!(matches!(late, Err(StoreError::Deposed)), "{late:?}");
    assert_eq!(ground.stored().await, folded(&history.events));
}

/// As with a process that was given the address of another log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_another_log_never_leads_and_blocks_nobody() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(Store::Postgres, old).await;
    let mut items = ground.feed.subscribe();
    let right = ground.start(options(7, PARK)).await;
    reached(&mut items, Position(30)).await;
    let other = other_history().events;
    let [longer, shorter] =
        [Ground::with(Store::Sqlite, &other).await, Ground::with(Store::Sqlite, &other[..5]).await];
    let mut wrong = Vec::new();
    for elsewhere in [&longer, &shorter] {
        let log: Arc<dyn EventLog> = Arc::clone(&elsewhere.log) as _;
        wrong.push(ground.start_on(log, options(7, PARK)).await);
    }
    let none_of_them_leads = async || {
        for projector in &wrong {
            has_looked_again(projector).await;
            let report = projector.status.report();
            assert!(!report.leads && report.trouble(std::time::Instant::now()).is_some());
        }
    };
    none_of_them_leads().await;
    right.stop().await.unwrap();
    none_of_them_leads().await;
    assert_eq!(ground.stored().await, folded(old));

    ground.append(new).await;
    let right = ground.start(options(7, PARK)).await;
    reached(&mut items, history.events.last().unwrap().position).await;
    assert!(right.status.report().leads);
    none_of_them_leads().await;
    for projector in wrong {
        projector.stop().await.unwrap();
    }
    right.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}
