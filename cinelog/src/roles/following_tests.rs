//! Following a switch, on real files, look by look.

use event_log::sqlite::{SqliteLog, SqliteLogOptions};
use projector::{
    OpenGeneration, PoisonPolicy, RebuildOptions, rebuild,
    sqlite::{Generations, SqliteReadModels},
};
use query_api::StoreError;
use read_model::Checkpoint;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::*;

/// A query node on generation 1, beside which generation 2 has been made live.
struct Ground {
    _folder: TempDir,
    files: Generations,
    following: Following,
    next: Option<Next>,
}

impl Ground {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open(SqliteLogOptions::at(folder.path().join("log.db")));
        let log = log.await.unwrap();
        let path = folder.path().join("read-model.db");
        let read_models: Arc<dyn ReadModels> = Arc::new(SqliteReadModels::at(&path));
        drop(OpenGeneration::live(read_models.as_ref()).await.unwrap());
        let stores = Stores::at(&path, 2);
        let store = LiveStore::new(stores.open(1).await.unwrap());
        let options = RebuildOptions { poison: PoisonPolicy::Park, switch: true, shown_max: 20 };
        rebuild(&log, read_models.as_ref(), options, &|_| {}).await.unwrap();
        let news = Arc::new(WithOwnNews::new(Arc::new(InProcessChangeFeed::new(NEWS_MAX))));
        let following = Following { read_models, stores, store, news };
        Self { _folder: folder, files: Generations::new(path), following, next: None }
    }

    /// Looks once, and says whether that made a switch.
    async fn look(&mut self) -> bool {
        self.following.look(&mut self.next).await.unwrap().is_some()
    }

    fn answers_from(&self) -> u64 {
        self.following.store.current().generation()
    }

    /// Runs a statement on the file of a generation.
    async fn run(&self, generation: u64, sql: &'static str) {
        let file = SqliteConnectOptions::new().filename(self.files.path(generation));
        let mut db = SqliteConnection::connect_with(&file).await.unwrap();
        sqlx::query(sql).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    }
}

#[tokio::test]
async fn where_the_old_generation_is_gone_the_new_one_answers() {
    let mut ground = Ground::new().await;
    ground.run(1, "DROP TABLE checkpoint").await;
    ground.following.store.current().checkpoint().await.unwrap_err();
    // The first look opens it, the second one finds that nothing moves any more.
    assert!(!ground.look().await);
    assert!(ground.look().await);
    assert_eq!(ground.answers_from(), 2);
}

#[tokio::test]
async fn where_the_old_generation_may_be_read_again_some_time_it_is_not_waited_for() {
    let mut ground = Ground::new().await;
    let old = ground.following.store.current();
    old.close().await;
    let error = old.checkpoint().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(!ground.look().await);
    assert!(ground.look().await);
    assert_eq!(ground.answers_from(), 2);
}

#[tokio::test]
async fn a_generation_that_is_not_as_far_as_what_was_shown_is_waited_for() {
    let mut ground = Ground::new().await;
    // The old one has lost what it has shown.
    let shown = Checkpoint { generation: 1, position: Position(3) };
    ground.following.store.shows(shown);
    for _ in 0..3 {
        assert!(!ground.look().await);
    }
    assert_eq!(ground.answers_from(), 1);
    ground.run(2, "UPDATE checkpoint SET position = 3").await;
    assert!(ground.look().await);
    assert_eq!(ground.answers_from(), 2);
}
