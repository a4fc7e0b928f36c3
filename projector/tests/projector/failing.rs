//! The loop when the log or the read model fails.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use event_log::{EventBatches, LogError};
use events::MovieDetails;
use futures::{StreamExt, stream};
use projector::{
    PoisonPolicy, ProjectorError,
    sqlite::{SqliteReadModel, SqliteReadModelOptions},
};
use read_model::{ChangeFeed, FeedItem};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    contents::{folded, stored},
    ground::{Ground, PATIENCE, options, reached},
    history::History,
    running::busy_history,
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
    let ground = Ground::with(&history.events).await;
    let mut items = ground.feed.subscribe();
    let log = failing(&ground, failures, events);
    let running = ground.start_on(log, options(10, PARK)).await;
    reached(&mut items, history.events.last().unwrap().position).await;
    running.stop().await.unwrap();
    assert_eq!(stored(&ground.path()).await, folded(&history.events));
}

#[tokio::test]
async fn a_log_that_is_damaged_ends_it() {
    let ground = Ground::with(&busy_history().events).await;
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

#[tokio::test]
async fn a_full_disk_is_waited_for_and_nothing_is_folded_in_twice() {
    let history = wordy_history();
    let ground = Ground::with(&history.events).await;
    let mut items = ground.feed.subscribe();
    let (read_model, mut db) = nearly_full(&ground).await;
    // Each failure makes it subscribe anew.
    let subscriptions = Arc::new(Semaphore::new(0));
    let subscribed = Arc::clone(&subscriptions);
    let counted = move |batches: EventBatches| {
        subscribed.add_permits(1);
        batches
    };
    let log = Arc::new(WrappedLog::new(Arc::clone(&ground.log) as _, counted));
    let running = ground.start_with(log, read_model, options(3, PARK));
    let tries = timeout(PATIENCE, subscriptions.acquire_many(20));
    tries.await.expect("it is tried again and again").unwrap().forget();
    let contents = stored(&ground.path()).await;
    let there = usize::try_from(contents.position.0).unwrap();
    assert!(0 < there && there < history.events.len(), "the disk is full: {there}");
    assert_eq!(contents, folded(&history.events[..there]));

    sqlx::query("DROP TABLE ballast").execute(&mut db).await.unwrap();
    let mut told = 0;
    for item in reached(&mut items, history.events.last().unwrap().position).await {
        let FeedItem::Changed(change) = item else { panic!("nothing was missed") };
        assert_eq!(change.previous.position.0, told, "each event is folded in once");
        told = change.checkpoint.position.0;
    }
    running.stop().await.unwrap();
    assert_eq!(stored(&ground.path()).await, folded(&history.events));
}

/// Films that need much more space than [`nearly_full`] leaves.
fn wordy_history() -> History {
    let mut history = History::default();
    for movie in 1..20 {
        let synopsis = Some("word ".repeat(6_000));
        let title = format!("Film {movie}");
        history.create(movie, MovieDetails { title, synopsis, ..MovieDetails::default() });
        history.rate(movie, 1, 7);
    }
    history
}

/// A read model in a file that may hardly grow, and a connection to it. The table `ballast` holds the
/// space back.
async fn nearly_full(ground: &Ground) -> (SqliteReadModel, SqliteConnection) {
    const BALLAST_BYTES: i64 = 1 << 20;
    ground.read_model().await.close().await;
    let file = SqliteConnectOptions::new().filename(ground.path()).busy_timeout(PATIENCE);
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    let ballast = sqlx::query("CREATE TABLE ballast AS SELECT zeroblob(?)").bind(BALLAST_BYTES);
    ballast.execute(&mut db).await.unwrap();
    let pages = sqlx::query_scalar::<_, i64>("PRAGMA page_count");
    let pages = u64::try_from(pages.fetch_one(&mut db).await.unwrap()).unwrap();
    let file_bytes_max = Some((pages + 64) * 4096);
    let options =
        SqliteReadModelOptions { file_bytes_max, ..SqliteReadModelOptions::at(ground.path()) };
    (SqliteReadModel::open_with(options).await.unwrap(), db)
}
