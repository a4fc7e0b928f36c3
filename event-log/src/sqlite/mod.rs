//! The log in one SQLite file: WAL, `synchronous=FULL`, one writer, many readers.
//!
//! One task, the appender, owns the only connection that writes; reads go through a pool of
//! read-only connections. The file may be read by others at any time. A second process that writes
//! to it does not break the order (`BEGIN IMMEDIATE`), yet is woken late: its events are found by
//! polling. One that only reads opens the file with [`SqliteLog::open_reader`].

mod batch;
mod copying;
mod digest;
mod failure;
mod idempotency;
mod insert;
mod load;
mod migrate;
mod options;
mod read;
mod row;
mod snapshot;
mod write;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use events::{Digest, Position, RecordedEvent, Revision, StreamName};
use futures::FutureExt;
use jiff::Timestamp;
use sqlx::{ConnectOptions, SqlitePool};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Append, AppendError, Appended, CopyableLog, Direction, EventBatches, EventLog, LogError,
    Remembered, RememberedKey, RestoreError,
    group_commit::{Appender, BatchLimits, Submitter, queue},
    health::Health,
    measure,
    subscription::Subscription,
};
use writer::SqliteWriter;

pub use options::SqliteLogOptions;

/// An event log in one SQLite file.
///
/// When it is dropped, what waits to be appended is still written; [`close`](EventLog::close) waits for
/// that.
#[derive(Debug)]
pub struct SqliteLog {
    options: SqliteLogOptions,
    /// `None` where the log was opened for reading.
    submitter: Option<Submitter>,
    readers: SqlitePool,
    news: watch::Receiver<()>,
    acknowledged: Arc<AtomicU64>,
    health: Health,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl SqliteLog {
    /// Opens the file, making it where there is none, brings its tables up to date, and starts the
    /// appender. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where the file cannot be opened, [`LogError::Damaged`] where it is
    /// no log, or was written by a newer Cinelog.
    pub async fn open(options: SqliteLogOptions) -> Result<Self, LogError> {
        let cannot_open = |error| failure::cannot_open(&options.path, error);
        let mut writer = options.writer().connect().await.map_err(cannot_open)?;
        migrate::run(&mut writer).await?;
        digest::catch_up(&mut writer).await?;
        writer::settle(&mut writer, &options).await.map_err(cannot_open)?;
        let readers = options.reader_pool().await.map_err(cannot_open)?;
        let limits = BatchLimits {
            events_max: options.batch_events_max,
            bytes_max: options.batch_bytes_max,
        };
        let stop = CancellationToken::new();
        let (submitter, queue) = queue(options.queue_length, limits, stop.clone());
        let (log, news) = Self::over(options, readers, stop, Some(submitter)).await?;
        let appender = Appender {
            writer: SqliteWriter {
                options: log.options.clone(),
                connection: Some(writer),
                readers: log.readers.clone(),
            },
            news: Arc::new(news),
            acknowledged: Arc::clone(&log.acknowledged),
            health: log.health.clone(),
            probe_interval: log.options.probe_interval,
        };
        log.tasks.spawn(appender.run(queue));
        log.tasks.close();
        Ok(log)
    }

    /// Opens a file that another process may be writing to, for reading only: nothing in it is
    /// changed, and appends are refused with [`LogError::Unavailable`]. Subscriptions find what is new
    /// by polling. Works as well where no other process has the file open; the files that SQLite
    /// then makes beside it are left to the next writer.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where the file is not there, cannot be opened, or was written by an
    /// older Cinelog; [`LogError::Damaged`] where it is no log, or was written by a newer one.
    pub async fn open_reader(options: SqliteLogOptions) -> Result<Self, LogError> {
        let cannot_open = |error| failure::cannot_open(&options.path, error);
        let readers = options.reader_pool().await.map_err(cannot_open)?;
        migrate::check(&readers).await?;
        let stop = CancellationToken::new();
        let (log, news) = Self::over(options, readers, stop.clone(), None).await?;
        let readers = log.readers.clone();
        log.tasks.spawn(async move {
            stop.cancelled_owned().await;
            // Ends the subscriptions.
            drop(news);
            readers.close().await;
        });
        log.tasks.close();
        Ok(log)
    }

    /// Copies the log at `path` into a new file: all that is committed when the copy begins, nothing
    /// that comes later. The log may be in use, also by another process, which goes on meanwhile. When
    /// this returns, the copy is on the disk; it is a log that can be opened.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where `into` exists, or cannot be written, or `path` cannot be read.
    pub async fn snapshot(path: &Path, into: &Path) -> Result<(), LogError> {
        snapshot::take(path, into).await
    }

    async fn over(
        options: SqliteLogOptions,
        readers: SqlitePool,
        stop: CancellationToken,
        submitter: Option<Submitter>,
    ) -> Result<(Self, watch::Sender<()>), LogError> {
        measure::describe();
        measure::available(true);
        let position = read::head(&readers).await?;
        measure::reached(position);
        tracing::info!(path = %options.path.display(), %position, "event log opened");
        let (sender, news) = watch::channel(());
        let acknowledged = Arc::new(AtomicU64::new(Position::START.0));
        let (health, tasks) = (Health::default(), TaskTracker::new());
        let log = Self { options, submitter, readers, news, acknowledged, health, stop, tasks };
        Ok((log, sender))
    }

    fn submitter(&self) -> Result<&Submitter, LogError> {
        let read_only = || LogError::Unavailable("the event log was opened for reading".to_owned());
        self.submitter.as_ref().ok_or_else(read_only)
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.submitter()?.append(append).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        read::stream(&self.readers, stream, from, limit).await
    }

    async fn read_all(
        &self,
        from: Position,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        read::all(&self.readers, from, direction, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        read::head(&self.readers).await
    }

    async fn digest(&self, at: Position) -> Result<Digest, LogError> {
        digest::at(&self.readers, at).await
    }

    fn subscribe_all(&self, from: Position) -> EventBatches {
        let readers = self.readers.clone();
        let read = Arc::new(move |seen| read::page(readers.clone(), seen).boxed());
        Subscription::new(read, self.news.clone(), from, self.options.poll_interval).batches()
    }

    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError> {
        idempotency::recall(&self.readers, key).await
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64, LogError> {
        let mut forgotten = 0;
        // A slice at a time, so that appends get their turn in between. Ends since slices shrink
        // what there is, and keys from before `before` are no longer made.
        loop {
            let slice = self.submitter()?.forget(before).await?;
            forgotten += slice;
            if slice < idempotency::FORGET_SLICE_KEYS {
                return Ok(forgotten);
            }
        }
    }

    fn last_acknowledged(&self) -> Position {
        Position(self.acknowledged.load(Ordering::Acquire))
    }

    fn health(&self) -> Result<(), LogError> {
        self.health.check()
    }

    async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

#[async_trait]
impl CopyableLog for SqliteLog {
    async fn restore(
        &self,
        after: Digest,
        events: Vec<RecordedEvent>,
    ) -> Result<Digest, RestoreError> {
        self.submitter()?;
        copying::restore(&self.options, after, events).await
    }

    async fn remembered_keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RememberedKey>, LogError> {
        copying::keys(&self.readers, after, limit).await
    }

    async fn restore_keys(&self, keys: Vec<RememberedKey>) -> Result<u64, LogError> {
        self.submitter()?;
        copying::restore_keys(&self.options, &keys).await
    }
}
