//! The appender: the one task that writes. It takes a batch from the queue, commits it, wakes the
//! subscriptions and answers; then the next.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use events::Position;
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool, error::ErrorKind};
use tokio::sync::watch;

use super::{
    SqliteLogOptions,
    batch::{self, Committed},
    failure::log_error,
    idempotency,
};
use crate::{
    Append, AppendError, Appended, LogError,
    group_commit::{Forget, Queue, Verdict, Waiting, Work},
    measure::{self, Outcome},
};

/// The state of the task.
pub(super) struct Appender {
    options: SqliteLogOptions,
    /// `None` after a failure, until the next batch opens another one.
    writer: Option<SqliteConnection>,
    /// Wakes the subscriptions. When it is dropped, they end.
    head: watch::Sender<Position>,
    acknowledged: Arc<AtomicU64>,
}

impl Appender {
    pub(super) fn new(
        options: SqliteLogOptions,
        writer: SqliteConnection,
        head: watch::Sender<Position>,
        acknowledged: Arc<AtomicU64>,
    ) -> Self {
        Self { options, writer: Some(writer), head, acknowledged }
    }

    /// Works until the queue ends, then closes the file.
    pub(super) async fn run(mut self, mut queue: Queue, readers: SqlitePool) {
        while let Some(work) = queue.next().await {
            match work {
                Work::Batch(batch) => self.append(batch).await,
                Work::Forget(forget) => self.forget(forget).await,
            }
        }
        self.close(readers).await;
    }

    async fn append(&mut self, batch: Vec<Waiting>) {
        let appends: Vec<&Append> = batch.iter().map(|waiting| &waiting.append).collect();
        match self.commit(&appends).await {
            Ok(committed) => self.answer(batch, committed),
            // The database refused a row, which is the fault of one append and not of the others.
            Err(error) if is_refusal(&error) && batch.len() > 1 => {
                for waiting in batch {
                    match self.commit(&[&waiting.append]).await {
                        Ok(committed) => self.answer(vec![waiting], committed),
                        Err(error) => fail(vec![waiting], error),
                    }
                }
            }
            Err(error) => fail(batch, error),
        }
    }

    /// Commits in one transaction. After an error nothing of it is in the log, unless the disk failed
    /// in the commit itself; then it may be.
    async fn commit(&mut self, appends: &[&Append]) -> Result<Committed, sqlx::Error> {
        let started = Instant::now();
        let writer = self.writer().await?;
        let result = batch::commit(writer, appends).await;
        measure::committed(appends.len(), started.elapsed());
        match &result {
            Ok(committed) => {
                measure::reached(committed.head);
                self.head.send_if_modified(|head| {
                    let grown = committed.head > *head;
                    *head = committed.head.max(*head);
                    grown
                });
            }
            Err(_) => self.give_up_writer().await,
        }
        result
    }

    fn answer(&self, batch: Vec<Waiting>, committed: Committed) {
        for (waiting, verdict) in batch.into_iter().zip(committed.verdicts) {
            let (outcome, result) = match verdict {
                Ok(Verdict::Accepted(accepted)) => (Outcome::Appended, Ok(accepted.appended)),
                Ok(Verdict::Repeated(appended)) => (Outcome::Repeated, Ok(appended)),
                Err(error) => (Outcome::from(&error), Err(error)),
            };
            measure::answered(outcome);
            if let Ok(Appended { position, .. }) = result {
                self.acknowledged.fetch_max(position.0, Ordering::Release);
            }
            waiting.answer(result);
        }
    }

    async fn forget(&mut self, forget: Forget) {
        let result = match self.writer().await {
            Ok(writer) => idempotency::forget(writer, forget.before).await,
            Err(error) => Err(error),
        };
        if result.is_err() {
            self.give_up_writer().await;
        }
        // Whoever asked may have gone away.
        forget.answer.send(result.map_err(log_error)).ok();
    }

    async fn writer(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let writer = self.options.writer().connect().await?;
                tracing::info!(path = %self.options.path.display(), "event log reopened");
                writer
            }
        };
        Ok(self.writer.insert(writer))
    }

    /// SQLite may have rolled back or not; a connection that is closed certainly has.
    async fn give_up_writer(&mut self) {
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.close().await
        {
            tracing::warn!(%error, "the event log's writer did not close cleanly");
        }
    }

    async fn close(self, readers: SqlitePool) {
        drop(self.head);
        // Whoever still reads has as long as a lock may take.
        if tokio::time::timeout(self.options.busy_timeout, readers.close()).await.is_err() {
            tracing::warn!("the event log was closed while it was being read");
        }
        let Some(mut writer) = self.writer else { return };
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer).await;
        if let Err(error) = checkpoint.map(drop).and(writer.close().await) {
            tracing::warn!(%error, "the event log did not close cleanly");
        }
        tracing::info!(path = %self.options.path.display(), "event log closed");
    }
}

/// Whether the database refused what it was given, rather than failed.
fn is_refusal(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.kind() != ErrorKind::Other)
}

fn fail(batch: Vec<Waiting>, error: sqlx::Error) {
    tracing::error!(%error, appends = batch.len(), "the event log did not append");
    let error = log_error(error);
    for waiting in batch {
        let error = AppendError::Log(LogError::clone(&error));
        measure::answered(Outcome::from(&error));
        waiting.answer(Err(error));
    }
}
