//! A log and a read model beside it, on any store.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use event_log::{
    Append, EventLog, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Digest, MovieId, NewEvent, Position, RecordedEvent};
use futures::{StreamExt, stream::BoxStream};
use projector::{
    Backoff, PoisonPolicy, ProjectorError, ProjectorOptions, ReadModel, ReadModels, Status,
    port::{Leadership, Place},
    postgres::{PostgresReadModels, PostgresReadModelsOptions},
    run,
    sqlite::SqliteReadModels,
};
use proving_ground::Database;
use read_model::{ChangeFeed, FeedItem, InProcessChangeFeed, MovieDocument};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    contents::{self, Contents},
    history::History,
};

/// Longer than anything here takes; what waits for more has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long the lead lasts: short, since tests kill who has it.
const LEASE: Duration = Duration::from_millis(100);

/// What keeps the read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

pub(crate) struct Ground {
    folder: TempDir,
    /// On Postgres.
    pub(crate) database: Option<Database>,
    pub(crate) log: Arc<SqliteLog>,
    pub(crate) feed: Arc<InProcessChangeFeed>,
    pub(crate) read_models: Arc<dyn ReadModels>,
}

/// A projector at work.
pub(crate) struct Running {
    pub(crate) status: Status,
    pub(crate) task: JoinHandle<Result<(), ProjectorError>>,
    pub(crate) shutdown: CancellationToken,
}

pub(crate) fn options(batch_events_max: usize, poison: PoisonPolicy) -> ProjectorOptions {
    let moment = Duration::from_millis(1);
    let backoff = Backoff { first: moment, longest: moment };
    let follow_every = Duration::from_millis(10);
    ProjectorOptions { batch_events_max, poison, backoff, follow_every, addresses: None }
}

impl Ground {
    pub(crate) async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log =
            SqliteLog::open(SqliteLogOptions::at(folder.path().join("log.db"))).await.unwrap();
        let (database, read_models): (_, Arc<dyn ReadModels>) = match store {
            Store::Sqlite => {
                let path = folder.path().join("read-model.db");
                (None, Arc::new(SqliteReadModels::at(path)))
            }
            Store::Postgres => {
                let database = Database::new().await;
                let read_models = on_postgres(database.url(), LEASE);
                (Some(database), read_models)
            }
        };
        let feed = Arc::new(InProcessChangeFeed::new(4096));
        Self { folder, database, log: Arc::new(log), feed, read_models }
    }

    pub(crate) async fn with(store: Store, events: &[RecordedEvent]) -> Self {
        let ground = Self::new(store).await;
        ground.append(events).await;
        ground
    }

    /// Appends what was recorded elsewhere, to the same positions.
    pub(crate) async fn append(&self, events: &[RecordedEvent]) {
        for event in events {
            let new = as_new(event);
            let append = Append::new(event.stream.clone(), Expected::Any, vec![new]);
            assert_eq!(self.log.append(append).await.unwrap().position, event.position);
        }
    }

    /// Appends the events of one stream all at once, to the same positions.
    pub(crate) async fn append_at_once(&self, events: &[RecordedEvent]) {
        let new = events.iter().map(as_new).collect();
        let append = Append::new(events[0].stream.clone(), Expected::NoStream, new);
        let appended = self.log.append(append).await.unwrap();
        assert_eq!(Some(appended.position), events.last().map(|event| event.position));
    }

    /// The file of the log.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.folder.path().join("log.db")
    }

    /// The file of the first generation, on SQLite.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("read-model.db")
    }

    /// The first generation, to look at or to start a projector on.
    pub(crate) async fn read_model(&self) -> Arc<dyn ReadModel> {
        self.read_models.open(Place::Generation(1)).await.unwrap()
    }

    /// The first generation, with the lead.
    pub(crate) async fn leading(&self) -> Arc<dyn ReadModel> {
        self.leading_in(1).await
    }

    pub(crate) async fn leading_in(&self, generation: u64) -> Arc<dyn ReadModel> {
        let model = self.read_models.open(Place::Generation(generation)).await.unwrap();
        assert_eq!(model.lead().await.unwrap(), Leadership::Leading);
        model
    }

    /// What the first generation holds.
    pub(crate) async fn stored(&self) -> Contents {
        self.stored_in(1).await
    }

    pub(crate) async fn stored_in(&self, generation: u64) -> Contents {
        let place = Place::Generation(generation);
        let mut snapshot = self.read_models.snapshot(place).await.unwrap();
        contents::stored(snapshot.as_mut()).await
    }

    /// Where the first generation is.
    pub(crate) async fn position(&self) -> Position {
        self.read_models.peek(Place::Generation(1)).await.unwrap().0.position
    }

    /// The films alone.
    pub(crate) async fn stored_documents(&self) -> BTreeMap<MovieId, MovieDocument> {
        let mut snapshot = self.read_models.snapshot(Place::Generation(1)).await.unwrap();
        contents::movies(snapshot.as_mut()).await
    }

    /// Does to the first generation what no projector does; gives how many rows that touched.
    pub(crate) async fn change(&self, statement: &str) -> u64 {
        let Some(database) = &self.database else {
            return change_file(&self.path(), statement).await;
        };
        let mut db = database.connect().await;
        sqlx::query("SET search_path = cinelog_read_model_1").execute(&mut db).await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
        done.rows_affected()
    }

    /// The tables of the first generation, in the order of their names; of SQLite's own none.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let Some(database) = &self.database else {
            let options = SqliteConnectOptions::new().filename(self.path()).read_only(true);
            let mut db = SqliteConnection::connect_with(&options).await.unwrap();
            let list = "SELECT name FROM sqlite_master WHERE type = 'table' \
                AND name NOT LIKE 'movie_search\\_%' ESCAPE '\\' ORDER BY name";
            return sqlx::query_scalar(list).fetch_all(&mut db).await.unwrap();
        };
        let list = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'cinelog_read_model_1' \
            ORDER BY tablename::text COLLATE \"C\"";
        sqlx::query_scalar(list).fetch_all(&mut database.connect().await).await.unwrap()
    }

    /// Takes a generation away as nobody should.
    pub(crate) async fn lose_generation(&self, number: u64) {
        let Some(database) = &self.database else {
            let path = self.path().with_file_name(format!("read-model.{number}.db"));
            return std::fs::remove_file(path).unwrap();
        };
        let lose = format!("DROP SCHEMA cinelog_read_model_{number} CASCADE");
        let mut db = database.connect().await;
        sqlx::raw_sql(AssertSqlSafe(lose)).execute(&mut db).await.unwrap();
    }

    /// Lets every batch fail at its end.
    pub(crate) async fn fail(&self) {
        self.change_as(
            "CREATE TRIGGER failing BEFORE UPDATE ON checkpoint \
             BEGIN SELECT RAISE(ABORT, 'the power is gone'); END",
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the power is gone'; END $$; \
             CREATE TRIGGER failing BEFORE UPDATE ON checkpoint \
             FOR EACH ROW EXECUTE FUNCTION fail()",
        )
        .await;
    }

    /// Undoes [`fail`](Self::fail).
    pub(crate) async fn fail_no_more(&self) {
        self.change_as("DROP TRIGGER failing", "DROP TRIGGER failing ON checkpoint").await;
    }

    /// The same, where each store says it in its own words.
    pub(crate) async fn change_as(&self, sqlite: &str, postgres: &str) -> u64 {
        self.change(if self.database.is_some() { postgres } else { sqlite }).await
    }

    /// A hash of zeros.
    pub(crate) async fn spoil_digest(&self) {
        let touched = self.change_as(
            "UPDATE checkpoint SET digest_hash = zeroblob(32)",
            "UPDATE checkpoint SET digest_hash = decode(repeat('00', 32), 'hex')",
        );
        assert_eq!(touched.await, 1);
    }

    /// Sets the digest's hash.
    pub(crate) async fn set_digest(&self, digest: Digest) {
        let hash: String = digest.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let sqlite = format!("UPDATE checkpoint SET digest_hash = x'{hash}'");
        let postgres = format!("UPDATE checkpoint SET digest_hash = '\\x{hash}'");
        assert_eq!(self.change_as(&sqlite, &postgres).await, 1);
    }

    /// Starts a projector, with a read model connection of its own.
    pub(crate) async fn start(&self, options: ProjectorOptions) -> Running {
        let log: Arc<dyn EventLog> = Arc::clone(&self.log) as _;
        self.start_on(log, options).await
    }

    pub(crate) async fn start_on(
        &self,
        log: Arc<dyn EventLog>,
        options: ProjectorOptions,
    ) -> Running {
        self.start_with(log, self.read_model().await, options)
    }

    pub(crate) fn start_with(
        &self,
        log: Arc<dyn EventLog>,
        read_model: Arc<dyn ReadModel>,
        options: ProjectorOptions,
    ) -> Running {
        let shutdown = CancellationToken::new();
        let feed: Arc<dyn ChangeFeed> = Arc::clone(&self.feed) as _;
        let status = Status::default();
        let running = run(log, read_model, feed, options, status.clone(), shutdown.clone());
        Running { status, task: tokio::spawn(running), shutdown }
    }

    /// Runs a projector until the read model has reached the end of the log.
    pub(crate) async fn catch_up(&self, options: ProjectorOptions) {
        let head = self.log.head().await.unwrap();
        let mut items = self.feed.subscribe();
        let running = self.start(options).await;
        if self.read_model().await.checkpoint().await.unwrap().position < head {
            reached(&mut items, head).await;
        }
        running.stop().await.unwrap();
    }
}

impl Running {
    /// Stops the projector in the orderly way.
    pub(crate) async fn stop(self) -> Result<(), ProjectorError> {
        self.shutdown.cancel();
        self.ended().await
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(self) -> Result<(), ProjectorError> {
        timeout(PATIENCE, self.task).await.expect("it ends in time").unwrap()
    }
}

/// Waits until the feed tells that `position` is reached; gives what it told.
pub(crate) async fn reached(
    items: &mut BoxStream<'static, FeedItem>,
    position: Position,
) -> Vec<FeedItem> {
    let mut told = Vec::new();
    let wait = async {
        while let Some(item) = items.next().await {
            let there = matches!(&item, FeedItem::Changed(change) if change.checkpoint.position >= position);
            told.push(item);
            if there {
                return;
            }
        }
        panic!("the feed ended");
    };
    timeout(PATIENCE, wait).await.expect("the position is reached in time");
    told
}

fn as_new(event: &RecordedEvent) -> NewEvent {
    NewEvent {
        id: event.id,
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        metadata: event.metadata.clone(),
        data: event.data.clone(),
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it is so in time");
}

/// Waits until a projector has found out anew how it is, and gone on from that, a few times.
pub(crate) async fn has_looked_again(running: &Running) {
    for _ in 0..3 {
        let before = running.status.report().progressed;
        eventually(async || running.status.report().progressed != before).await;
    }
}

/// The read model of a database.
pub(crate) fn on_postgres(url: &str, lease: Duration) -> Arc<dyn ReadModels> {
    let options = PostgresReadModelsOptions { lease, ..PostgresReadModelsOptions::at(url) };
    Arc::new(PostgresReadModels::at(options).unwrap())
}

/// The same, for whoever waits for no answer for long.
pub(crate) fn on_postgres_impatiently(url: &str, lease: Duration) -> Arc<dyn ReadModels> {
    let options = PostgresReadModelsOptions {
        lease,
        connect_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_secs(1),
        answer_timeout: Duration::from_secs(1),
        ..PostgresReadModelsOptions::at(url)
    };
    Arc::new(PostgresReadModels::at(options).unwrap())
}

/// Does to a file what nobody does; gives how many rows that touched.
pub(crate) async fn change_file(path: &std::path::Path, statements: &str) -> u64 {
    let file = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    done.rows_affected()
}

/// What another log holds: longer, and other events from the first one on.
pub(crate) fn other_history() -> History {
    let mut history = History::default();
    for movie in 100..220 {
        history.create_with_genres(movie, ["Western"]);
    }
    assert!(history.events.len() > busy_history().events.len());
    history
}

/// Some films, shared genres, ratings given and taken back, a deletion and its undoing.
pub(crate) fn busy_history() -> History {
    let mut history = History::default();
    history.describe("Drama", "People talk.");
    for movie in 1..20 {
        history.create_with_genres(
            movie,
            [["Drama", "Noir"], ["drama", "War"]][usize::from(movie % 2)],
        );
        for account in 0..movie % 4 {
            history.rate(movie, account, movie % 10 + 1);
        }
        if movie % 4 == 3 {
            history.withdraw(movie, 0).withdraw(movie, 1).rate(movie, 1, 4).rate(movie, 1, 5);
        }
        if movie % 3 == 0 {
            history.delete(movie);
        }
        if movie % 6 == 0 {
            history.restore(movie);
        }
    }
    history
}
