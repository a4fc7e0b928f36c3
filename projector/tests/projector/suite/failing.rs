//! The loop when the log or the read model fails.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use event_log::{EventBatches, LogError};
use futures::{StreamExt, stream};
use projector::{PoisonPolicy, ProjectorError};
use read_model::ChangeFeed;

use super::STORE;
use crate::{
    contents::folded,
    ground::{Ground, busy_history, options, reached},
    wrapped_log::{WrappedLog, one_by_one},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

#[tokio::test]
async fn a_log_that_fails_now_and_then_is_followed_to_the_end() {
    followed_to_the_end(8, 3).await;
}

#[tokio::test]
async fn a_log_that_fails_for_long_is_not_given_up() {
    followed_to_the_end(200, 0).await;
}

/// Follows a log that fails `failures` times, each time after `events` events.
async fn followed_to_the_end(failures: u32, events: usize) {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    let mut items = ground.feed.subscribe();
    let log = failing(&ground, failures, events);
    let running = ground.start_on(log, options(10, PARK)).await;
    reached(&mut items, history.events.last().unwrap().position).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn a_log_that_is_damaged_ends_it() {
    let ground = Ground::with(STORE, &busy_history().events).await;
    let damaged = |_: EventBatches| {
        let reason = "not an event".to_owned();
        stream::iter([Err(LogError::Damaged { position: None, reason })]).boxed()
    };
    let log = Arc::new(WrappedLog::new(Arc::clone(&ground.log) as _, damaged));
    let ended = ground.start_on(log, options(10, PARK)).await.ended().await;
    assert!(matches!(ended, Err(ProjectorError::Log(LogError::Damaged { .. }))), "{ended:?}");
}

/// The log, with subscriptions of which the first `failures` give `events` events before they fail.
fn failing(ground: &Ground, failures: u32, events: usize) -> Arc<WrappedLog> {
    let left = AtomicU32::new(failures);
    let fail = move |batches: EventBatches| {
        let less = |left: u32| left.checked_sub(1);
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err() {
            return batches;
        }
        let failure = LogError::Unavailable("the network is gone".to_owned());
        let failure = stream::once(async { Err(failure) });
        one_by_one(batches).take(events).chain(failure).boxed()
    };
    Arc::new(WrappedLog::new(Arc::clone(&ground.log) as _, fail))
}
