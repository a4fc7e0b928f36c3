//! What a projector tells of itself while it runs.

use std::sync::Arc;

use event_log::EventLog;
use events::{Digest, Position, RecordedEvent, StreamName};
use projector::{Completeness, PoisonPolicy};
use read_model::ChangeFeed;

use super::STORE;
use crate::{
    contents::folded,
    ground::{
        Ground, Store, busy_history, eventually, has_looked_again, options, other_history, reached,
    },
    history::film,
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

#[tokio::test]
async fn the_digest_of_what_was_folded_in_or_parked_is_the_log_s() {
    let mut history = busy_history();
    history.record_poison(StreamName::movie(film(1))).delete(1).delete(2);
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(7, PARK)).await;
    let (checkpoint, digest) = ground.read_model().await.digest().await.unwrap();
    let expected = history.events.iter().fold(Digest::EMPTY, Digest::extend);
    assert_eq!((checkpoint.position.0, digest), (history.events.len() as u64, expected));
}

#[tokio::test]
async fn a_read_model_that_holds_what_the_log_holds_is_found_complete() {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(100, PARK)).await;
    let running = ground.start(options(100, PARK)).await;
    let status = running.status.clone();
    let complete = Completeness::Complete(Position(history.events.len() as u64));
    eventually(async || status.report().completeness == complete).await;
    assert_eq!(status.report().trouble(std::time::Instant::now()), None);
    assert_eq!(status.position(), Position(history.events.len() as u64));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn an_event_that_was_skipped_is_noticed_though_nothing_lags() {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    // It is there, and never came to the read model.
    let model = ground.leading().await;
    let skipping = [&history.events[..3], &history.events[4..]].concat();
    model.apply(model.checkpoint().await.unwrap(), &skipping, PARK).await.unwrap();
    model.close().await;
    let running = ground.start(options(100, PARK)).await;
    let status = running.status.clone();
    eventually(async || {
        matches!(status.report().completeness, Completeness::Incomplete { log, read_model, .. }
            if log.count == read_model.count + 1)
    })
    .await;
    assert!(status.report().trouble(std::time::Instant::now()).is_some());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_digest_that_was_changed_is_noticed() {
    let ground = Ground::with(STORE, &busy_history().events).await;
    ground.catch_up(options(100, PARK)).await;
    ground.spoil_digest().await;
    let running = ground.start(options(100, PARK)).await;
    let status = running.status.clone();
    eventually(async || matches!(status.report().completeness, Completeness::Incomplete { .. }))
        .await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_changed_behind_its_back_is_noticed_while_nothing_is_written() {
    let ground = Ground::with(STORE, &busy_history().events).await;
    ground.catch_up(options(100, PARK)).await;
    let (checkpoint, digest) = ground.read_model().await.digest().await.unwrap();
    let running = ground.start(options(100, PARK)).await;
    let status = running.status.clone();
    let complete = Completeness::Complete(checkpoint.position);
    eventually(async || status.report().completeness == complete).await;
    ground.spoil_digest().await;
    eventually(async || {
        matches!(status.report().completeness, Completeness::Incomplete { log, .. } if log == digest)
    })
    .await;
    assert!(status.report().trouble(std::time::Instant::now()).is_some());
    ground.change("UPDATE checkpoint SET position = position + 1").await;
    let (position, head) = (Position(checkpoint.position.0 + 1), checkpoint.position);
    let ahead = Completeness::Ahead { position, head };
    eventually(async || status.report().completeness == ahead).await;
    let trouble = status.report().trouble(std::time::Instant::now()).unwrap();
    assert!(trouble.contains("ahead of the log"), "{trouble}");
    ground.change("UPDATE checkpoint SET position = position - 2").await;
    eventually(async || matches!(status.report().completeness, Completeness::Incomplete { .. }))
        .await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_keeps_it_from_going_on_is_told_until_it_has_passed() {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    ground.read_model().await.close().await;
    ground.fail().await;
    let running = ground.start(options(100, PARK)).await;
    let status = running.status.clone();
    // Not one that passes by itself: it ends, and the last word stays.
    running.ended().await.unwrap_err();
    assert!(status.report().failing.unwrap().reason.contains("the power is gone"));
}

#[tokio::test]
async fn a_longer_log_that_the_read_model_was_not_made_of_is_not_folded_in() {
    let completeness = beside_another_log(&other_history().events).await;
    assert!(matches!(completeness, Completeness::Incomplete { .. }), "{completeness:?}");
}

#[tokio::test]
async fn a_shorter_log_that_the_read_model_was_not_made_of_is_not_followed() {
    let completeness = beside_another_log(&other_history().events[..5]).await;
    assert!(matches!(completeness, Completeness::Ahead { .. }), "{completeness:?}");
}

/// Starts a projector with a log of `events` on a read model of another log, which must stay as it is;
/// gives what it found.
async fn beside_another_log(events: &[RecordedEvent]) -> Completeness {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events[..20]).await;
    ground.catch_up(options(100, PARK)).await;
    let other = Ground::with(Store::Sqlite, events).await;
    let log: Arc<dyn EventLog> = Arc::clone(&other.log) as _;
    let running = ground.start_on(log, options(100, PARK)).await;
    has_looked_again(&running).await;
    let report = running.status.report();
    assert!(!report.leads && report.trouble(std::time::Instant::now()).is_some());
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events[..20]));
    report.completeness
}

#[tokio::test]
async fn nothing_is_folded_in_while_the_two_differ_and_it_goes_on_when_they_do_no_more() {
    let history = busy_history();
    let (old, new) = history.events.split_at(20);
    let ground = Ground::with(STORE, old).await;
    let mut items = ground.feed.subscribe();
    let running = ground.start(options(100, PARK)).await;
    reached(&mut items, Position(20)).await;
    ground.spoil_digest().await;
    eventually(async || {
        let report = running.status.report();
        matches!(report.completeness, Completeness::Incomplete { .. }) && !report.leads
    })
    .await;
    ground.append(new).await;
    has_looked_again(&running).await;
    assert_eq!(ground.position().await, Position(20));
    ground.set_digest(old.iter().fold(Digest::EMPTY, Digest::extend)).await;
    reached(&mut items, new.last().unwrap().position).await;
    assert!(running.status.report().leads);
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}
