//! A log and a read model beside it, on any store.

mod histories;
mod meddling;
mod said;
mod servers;
mod waiting;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use event_log::{
    Append, EventLog, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{MovieId, NewEvent, Position, RecordedEvent};
use projector::{
    Backoff, PoisonPolicy, ProjectorError, ProjectorOptions, ReadModel, ReadModels, Status,
    port::{Leadership, Place},
    run,
    sqlite::SqliteReadModels,
};
use proving_ground::Database;
use read_model::{ChangeFeed, InProcessChangeFeed, MovieDocument};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::contents::{self, Contents};
pub(crate) use histories::{busy_history, other_history};
pub(crate) use meddling::change_file;
pub(crate) use said::Said;
pub(crate) use servers::{on_postgres, on_postgres_impatiently};
pub(crate) use waiting::{eventually, has_looked_again, reached};

/// Longer than anything here takes; what waits for more has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

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
        let source = Arc::new(Arc::clone(&log));
        let running = run(log, source, read_model, feed, options, status.clone(), shutdown.clone());
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

fn as_new(event: &RecordedEvent) -> NewEvent {
    NewEvent {
        id: event.id,
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        metadata: event.metadata.clone(),
        data: event.data.clone(),
    }
}
