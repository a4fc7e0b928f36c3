//! The log in a Postgres database, in the schema `cinelog_log`. Any number of processes may append.
//!
//! One task a process, the appender, owns the only connection that writes. A batch is one call of the
//! function `cinelog_log.append`, which is one transaction: under one lock it looks whether all is as the
//! batch presumes, and writes it ([`batch`]). Reads go through a few connections ([`readers`]). Subscriptions
//! are woken by this process' own commits and by what others announce ([`wake`]), and look for themselves
//! besides.

mod batch;
mod call;
mod copying;
mod digest;
mod failure;
mod idempotency;
mod look;
mod migrate;
mod options;
mod presumption;
mod read;
mod readers;
mod rights;
mod row;
mod session;
mod wake;
mod writer;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use events::{Digest, Position, RecordedEvent, Revision, StreamName};
use futures::FutureExt;
use jiff::Timestamp;
use sqlx::{PgConnection, postgres::PgConnectOptions};
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
use readers::Readers;
use wake::Listener;
use writer::PostgresWriter;

pub use options::PostgresLogOptions;

/// An event log in a Postgres database.
///
/// When it is dropped, what waits to be appended is still written; [`close`](EventLog::close) waits for
/// that.
#[derive(Debug)]
pub struct PostgresLog {
    options: PostgresLogOptions,
    /// `None` where the log was opened for reading.
    submitter: Option<Submitter>,
    readers: Readers,
    news: watch::Receiver<()>,
    acknowledged: Arc<AtomicU64>,
    health: Health,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl PostgresLog {
    /// Connects, makes the tables or brings them up to date, and starts the appender. The database must
    /// be there. Must be called within a tokio runtime. Where tables that are up to date cannot be written,
    /// [`health`](EventLog::health) says so from the beginning, until they can.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where the server cannot be reached, or does not let us in or write;
    /// [`LogError::Damaged`] where the tables are not ours, or were made by a newer Cinelog.
    pub async fn open(options: PostgresLogOptions) -> Result<Self, LogError> {
        let (server, mut connection) = connect(&options).await?;
        migrate::run(&mut connection).await?;
        let obstacle = rights::obstacle(&mut connection).await.map_err(failure::log_error)?;
        let limits = BatchLimits {
            events_max: options.batch_events_max,
            bytes_max: options.batch_bytes_max,
        };
        let stop = CancellationToken::new();
        let (submitter, queue) = queue(options.queue_length, limits, stop.clone());
        let (log, news) = Self::over(options, stop, Some(submitter)).await?;
        if let Some(obstacle) = obstacle {
            tracing::warn!(at = log.options.place(), obstacle, "the event log cannot be written");
            log.health.failed(&obstacle);
        }
        let readers = log.readers.clone();
        let (committed, announced) = watch::channel(Position::START);
        log.tasks.spawn(wake::announce(announced, readers.clone()));
        let appender = Appender {
            writer: PostgresWriter::new(&log.options, server, connection, readers, committed),
            news,
            acknowledged: Arc::clone(&log.acknowledged),
            health: log.health.clone(),
            probe_interval: log.options.probe_interval,
        };
        log.tasks.spawn(appender.run(queue));
        log.tasks.close();
        Ok(log)
    }

    /// Connects for reading only: nothing is changed, tables are not brought up to date, and appends are
    /// refused with [`LogError::Unavailable`]. A standby will do.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where the server cannot be reached, or the tables are not there or those
    /// of an older Cinelog; [`LogError::Damaged`] where they were made by a newer one.
    pub async fn open_reader(options: PostgresLogOptions) -> Result<Self, LogError> {
        let (_, mut connection) = connect(&options).await?;
        migrate::check(&mut connection).await?;
        drop(connection);
        let stop = CancellationToken::new();
        let (log, news) = Self::over(options, stop.clone(), None).await?;
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

    async fn over(
        options: PostgresLogOptions,
        stop: CancellationToken,
        submitter: Option<Submitter>,
    ) -> Result<(Self, Arc<watch::Sender<()>>), LogError> {
        measure::describe();
        measure::available(true);
        let readers = Readers::of(&options)?;
        let position = read::head(&readers).await?;
        measure::reached(position);
        tracing::info!(at = options.place(), %position, "event log opened");
        let (sender, news) = watch::channel(());
        let sender = Arc::new(sender);
        let acknowledged = Arc::new(AtomicU64::new(Position::START.0));
        let (health, tasks) = (Health::default(), TaskTracker::new());
        tasks.spawn(Listener::new(&options, Arc::clone(&sender)).run(stop.clone()));
        let log = Self { options, submitter, readers, news, acknowledged, health, stop, tasks };
        Ok((log, sender))
    }

    fn submitter(&self) -> Result<&Submitter, LogError> {
        let read_only = || LogError::Unavailable("the event log was opened for reading".to_owned());
        self.submitter.as_ref().ok_or_else(read_only)
    }
}

async fn connect(
    options: &PostgresLogOptions,
) -> Result<(PgConnectOptions, PgConnection), LogError> {
    let server = options.connection()?;
    let PostgresLogOptions { connect_timeout, statement_timeout, .. } = *options;
    match session::connect(&server, connect_timeout, statement_timeout).await {
        Ok(connection) => Ok((server, connection)),
        Err(error) => Err(match failure::log_error(error) {
            LogError::Unavailable(reason) => {
                LogError::Unavailable(format!("cannot connect to {}: {reason}", options.place()))
            }
            damaged => damaged,
        }),
    }
}

#[async_trait]
impl EventLog for PostgresLog {
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
        let read = Arc::new(move |seen| {
            let readers = readers.clone();
            async move { read::page(&readers, seen).await }.boxed()
        });
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
impl CopyableLog for PostgresLog {
    async fn restore(
        &self,
        after: Digest,
        events: Vec<RecordedEvent>,
    ) -> Result<Digest, RestoreError> {
        copying::restore(&self.options, after, events).await
    }

    async fn remembered_keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RememberedKey>, LogError> {
        idempotency::after(&self.readers, after, limit).await
    }

    async fn restore_keys(&self, keys: Vec<RememberedKey>) -> Result<u64, LogError> {
        copying::restore_keys(&self.options, &keys).await
    }
}
