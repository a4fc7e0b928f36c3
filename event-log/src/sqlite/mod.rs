//! The log in one SQLite file: WAL, `synchronous=FULL`, one writer, many readers.
//!
//! One task, the appender, owns the only connection that writes; reads go through a pool of
//! read-only connections. The file may be read by others at any time. A second process that writes
//! to it does not break the order (`BEGIN IMMEDIATE`), yet is woken late: its events are found by
//! polling.

mod appender;
mod batch;
mod failure;
mod idempotency;
mod insert;
mod load;
mod migrate;
mod options;
mod read;
mod row;
mod subscription;
mod write;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use events::{Position, RecordedEvent, Revision, StreamName};
use jiff::Timestamp;
use sqlx::{ConnectOptions, SqlitePool};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Append, AppendError, Appended, Direction, EventBatches, EventLog, LogError, Remembered,
    group_commit::{BatchLimits, Submitter, queue},
    measure,
};
use appender::Appender;
use subscription::Subscription;

pub use options::SqliteLogOptions;

/// An event log in one SQLite file.
///
/// When it is dropped, what waits to be appended is still written; [`close`](EventLog::close) waits for
/// that.
#[derive(Debug)]
pub struct SqliteLog {
    options: SqliteLogOptions,
    submitter: Submitter,
    readers: SqlitePool,
    head: watch::Receiver<Position>,
    acknowledged: Arc<AtomicU64>,
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
        measure::describe();
        let cannot_open = |error| failure::cannot_open(&options.path, error);
        let mut writer = options.writer().connect().await.map_err(cannot_open)?;
        migrate::run(&mut writer).await?;
        let readers = options.reader_pool().await.map_err(cannot_open)?;
        let position = read::head(&readers).await?;
        measure::reached(position);

        let stop = CancellationToken::new();
        let limits = BatchLimits {
            events_max: options.batch_events_max,
            bytes_max: options.batch_bytes_max,
        };
        let (submitter, queue) = queue(options.queue_length, limits, stop.clone());
        let (head_sender, head) = watch::channel(position);
        let acknowledged = Arc::new(AtomicU64::new(Position::START.0));
        let appender =
            Appender::new(options.clone(), writer, head_sender, Arc::clone(&acknowledged));
        let tasks = TaskTracker::new();
        tasks.spawn(appender.run(queue, readers.clone()));
        tasks.close();
        tracing::info!(path = %options.path.display(), %position, "event log opened");
        Ok(Self { options, submitter, readers, head, acknowledged, stop, tasks })
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.submitter.append(append).await
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

    fn subscribe_all(&self, from: Position) -> EventBatches {
        let wait_max = self.options.poll_interval;
        Subscription::new(self.readers.clone(), self.head.clone(), from, wait_max).batches()
    }

    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError> {
        idempotency::recall(&self.readers, key).await
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64, LogError> {
        let mut forgotten = 0;
        // A slice at a time, so that appends get their turn in between. Ends since slices shrink
        // what there is, and keys from before `before` are no longer made.
        loop {
            let slice = self.submitter.forget(before).await?;
            forgotten += slice;
            if slice < idempotency::FORGET_SLICE_KEYS {
                return Ok(forgotten);
            }
        }
    }

    fn last_acknowledged(&self) -> Position {
        Position(self.acknowledged.load(Ordering::Acquire))
    }

    async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// As SQLite has it. Beyond its largest number there is nothing, so that stands for all larger ones.
fn at_most_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
