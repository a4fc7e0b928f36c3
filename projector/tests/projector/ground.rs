//! A folder with a log and a read model in it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use event_log::{
    Append, EventLog, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{NewEvent, Position, RecordedEvent};
use futures::{StreamExt, stream::BoxStream};
use projector::{
    Backoff, PoisonPolicy, ProjectorError, ProjectorOptions, Status, run, sqlite::SqliteReadModel,
};
use read_model::{ChangeFeed, FeedItem, InProcessChangeFeed};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes; what waits for more has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Ground {
    folder: TempDir,
    pub(crate) log: Arc<SqliteLog>,
    pub(crate) feed: Arc<InProcessChangeFeed>,
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
    ProjectorOptions { batch_events_max, poison, backoff }
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log =
            SqliteLog::open(SqliteLogOptions::at(folder.path().join("log.db"))).await.unwrap();
        Self { folder, log: Arc::new(log), feed: Arc::new(InProcessChangeFeed::new(4096)) }
    }

    pub(crate) async fn with(events: &[RecordedEvent]) -> Self {
        let ground = Self::new().await;
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

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("read-model.db")
    }

    pub(crate) async fn read_model(&self) -> SqliteReadModel {
        SqliteReadModel::open(self.path()).await.unwrap()
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
        read_model: SqliteReadModel,
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
