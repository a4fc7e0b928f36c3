//! What is true of a read model in a file, and of no other.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use event_log::EventBatches;
use events::{MovieDetails, Position};
use futures::StreamExt;
use projector::{
    PoisonPolicy, ReadModel, ReadModels,
    port::Place,
    sqlite::{SqliteReadModel, SqliteReadModelOptions, SqliteReadModels},
};
use read_model::{ChangeFeed, Checkpoint, FeedItem};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{Barrier, Semaphore},
    time::timeout,
};

use crate::{
    contents::{folded, stored},
    ground::{Ground, PATIENCE, Store, busy_history, options, reached},
    history::History,
    wrapped_log::{WrappedLog, one_by_one},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;
const STORE: Store = Store::Sqlite;

fn at(position: u64) -> Checkpoint {
    Checkpoint { generation: 1, position: Position(position) }
}

fn read_models(path: &Path) -> SqliteReadModels {
    SqliteReadModels::at(path)
}

/// A connection that does what no projector does.
async fn intruder(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// As it does when the disk is full at the end of a transaction.
#[tokio::test]
async fn a_batch_whose_transaction_sqlite_itself_has_ended_may_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).rate(1, 1, 5);
    let model: Arc<dyn ReadModel> = Arc::new(SqliteReadModel::open(&path).await.unwrap());
    let mut db = intruder(&path).await;
    let ending = "CREATE TRIGGER ending BEFORE UPDATE ON checkpoint \
        BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END";
    sqlx::query(ending).execute(&mut db).await.unwrap();
    for _ in 0..2 {
        let failed = model.apply(at(0), &history.events, PARK).await.unwrap_err();
        assert!(failed.to_string().contains("the disk is full"), "{failed}");
    }
    sqlx::query("DROP TRIGGER ending").execute(&mut db).await.unwrap();
    model.apply(at(0), &history.events, PARK).await.unwrap();
    let mut snapshot = read_models(&path).snapshot(Place::Generation(1)).await.unwrap();
    assert_eq!(stored(snapshot.as_mut()).await, folded(&history.events));
}

#[tokio::test]
async fn a_file_that_somebody_has_locked_is_a_failure_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, []);
    let busy_timeout = Duration::from_millis(1);
    let options = SqliteReadModelOptions { busy_timeout, ..SqliteReadModelOptions::at(&path) };
    let model: Arc<dyn ReadModel> = Arc::new(SqliteReadModel::open_with(options).await.unwrap());
    let mut db = intruder(&path).await;
    let lock = db.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let failed = model.apply(at(0), &history.events, PARK).await.unwrap_err();
    assert!(failed.is_transient(), "{failed}");
    lock.rollback().await.unwrap();
    model.apply(at(0), &history.events, PARK).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_projectors_on_one_file_fold_each_event_in_once() {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    // Both get each event at the same moment, so that they contend for every single one.
    let barrier = Arc::new(Barrier::new(2));
    let subscriptions = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&subscriptions);
    let in_step = move |batches: EventBatches| {
        count.fetch_add(1, Ordering::SeqCst);
        let barrier = Arc::clone(&barrier);
        let together = move |event| {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
                event
            }
        };
        one_by_one(batches).then(together).boxed()
    };
    let log = Arc::new(WrappedLog::new(Arc::clone(&ground.log) as _, in_step));
    let mut items = ground.feed.subscribe();
    let one = ground.start_on(Arc::clone(&log) as _, options(1, PARK)).await;
    let other = ground.start_on(log, options(1, PARK)).await;
    reached(&mut items, history.events.last().unwrap().position).await;
    one.stop().await.unwrap();
    other.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
    let fenced = subscriptions.load(Ordering::SeqCst) as usize - 2;
    assert!(fenced >= history.events.len() - 1, "for each event one came too late: {fenced}");
}

#[tokio::test]
async fn a_full_disk_is_waited_for_and_nothing_is_folded_in_twice() {
    let history = wordy_history();
    let ground = Ground::with(STORE, &history.events).await;
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
    let contents = ground.stored().await;
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
    assert_eq!(ground.stored().await, folded(&history.events));
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
async fn nearly_full(ground: &Ground) -> (Arc<dyn ReadModel>, SqliteConnection) {
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
    (Arc::new(SqliteReadModel::open_with(options).await.unwrap()), db)
}

#[tokio::test]
async fn a_file_in_a_folder_that_is_not_there_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere").join("read-model.db");
    let error = SqliteReadModel::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
}
