//! Subscriptions: catching up, then live, with every event once; and nobody waits for a subscriber.

use std::sync::Arc;

use events::Position;
use futures::{FutureExt, StreamExt, future::join_all};

use super::{
    Fixture,
    facts::{add, everything, positions, recorded_ids, take},
};
use crate::{Direction, EventBatches};

#[expect(clippy::cast_possible_truncation, reason = "tests count to a few thousand")]
fn range(from: u64, to: u64) -> (Vec<u64>, usize) {
    ((from..=to).collect(), (to + 1 - from) as usize)
}

#[track_caller]
fn assert_waits(batches: &mut EventBatches) {
    assert!(batches.next().now_or_never().is_none(), "there is nothing to give yet");
}

pub async fn a_subscription_catches_up_and_goes_on_live(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let mut batches = log.subscribe_all(Position::START);
    assert_eq!(positions(&take(&mut batches, 3).await), [1, 2, 3]);
    for position in 4..=10 {
        add(&*log, "movie-1", 1).await;
        assert_eq!(positions(&take(&mut batches, 1).await), [position]);
    }
    assert_waits(&mut batches);
}

pub async fn a_subscription_starts_after_its_position(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 5).await;
    let mut batches = log.subscribe_all(Position(3));
    assert_eq!(positions(&take(&mut batches, 2).await), [4, 5]);
}

pub async fn a_subscription_from_the_head_gets_only_what_is_new(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 5).await;
    let mut batches = log.subscribe_all(log.head().await.unwrap());
    assert_waits(&mut batches);
    add(&*log, "movie-1", 2).await;
    assert_eq!(positions(&take(&mut batches, 2).await), [6, 7]);
}

pub async fn a_subscription_from_beyond_the_head_waits_for_what_comes_after(
    fixture: &mut dyn Fixture,
) {
    let log = fixture.log();
    let mut batches = log.subscribe_all(Position(3));
    for _ in 0..3 {
        assert_waits(&mut batches);
        add(&*log, "movie-1", 1).await;
    }
    add(&*log, "movie-1", 2).await;
    assert_eq!(positions(&take(&mut batches, 2).await), [4, 5]);
}

pub async fn subscribers_that_join_while_writers_write_get_every_event_once(
    fixture: &mut dyn Fixture,
) {
    const EVENTS: u64 = 400;
    let log = fixture.log();
    let writers = (0..4).map(|writer| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for _ in 0..EVENTS / 4 {
                add(&*log, &format!("movie-{writer}"), 1).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    // Each subscriber joins when the one before it has seen some of it.
    let mut subscribers = Vec::new();
    for from in (0..EVENTS).step_by(40) {
        let mut batches = log.subscribe_all(Position(from));
        let first = batches.next().await.unwrap().unwrap();
        subscribers.push(tokio::spawn(async move {
            let (expected, count) = range(from + 1, EVENTS);
            let mut seen = positions(&first);
            seen.extend(positions(&take(&mut batches, count - first.len()).await));
            assert_eq!(seen, expected);
        }));
    }
    for task in join_all(writers.into_iter().chain(subscribers)).await {
        task.unwrap();
    }
}

pub async fn batches_are_bounded(fixture: &mut dyn Fixture) {
    const EVENTS: usize = 5000;
    let log = fixture.log();
    add(&*log, "movie-1", EVENTS).await;
    let mut batches = log.subscribe_all(Position::START);
    let mut seen = 0;
    while seen < EVENTS {
        let batch = batches.next().await.unwrap().unwrap();
        assert!(batch.len() <= EVENTS / 2, "{} events in one batch", batch.len());
        seen += batch.len();
    }
}

pub async fn a_subscriber_that_does_not_read_holds_nobody_up(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let mut idle: Vec<EventBatches> =
        (0..100).map(|_| log.subscribe_all(Position::START)).collect();
    let mut lively = log.subscribe_all(Position::START);
    for position in 1..=100 {
        add(&*log, "movie-1", 1).await;
        assert_eq!(positions(&take(&mut lively, 1).await), [position]);
    }
    // And it has lost nothing.
    let (expected, count) = range(1, 100);
    assert_eq!(positions(&take(&mut idle[0], count).await), expected);
}

pub async fn subscribers_that_stop_half_way_leave_reading_to_others(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 100).await;
    let mut stopped: Vec<EventBatches> =
        (0..100).map(|_| log.subscribe_all(Position::START)).collect();
    // Asked once for a batch, and then left alone while the answer is on its way.
    for batches in &mut stopped {
        batches.next().now_or_never();
    }
    let read = log.read_all(Position(98), Direction::Forwards, 10).await.unwrap();
    assert_eq!(positions(&read), [99, 100]);
    assert_eq!(recorded_ids(&everything(&*log).await).len(), 100);
}
