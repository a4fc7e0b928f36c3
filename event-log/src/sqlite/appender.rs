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
use tokio::{sync::watch, time::timeout};

use super::{
    SqliteLogOptions,
    batch::{self, Committed},
    failure::log_error,
    idempotency,
    snapshot::sync_folder_of,
};
use crate::{
    Append, AppendError, Appended, LogError,
    group_commit::{Forget, Queue, Verdict, Waiting, Work},
    health::Health,
    measure::{self, Outcome},
};

/// The state of the task.
pub(super) struct Appender {
    pub(super) options: SqliteLogOptions,
    /// `None` after a failure, until the next batch opens another one.
    pub(super) writer: Option<SqliteConnection>,
    /// Wakes the subscriptions. When it is dropped, they end.
    pub(super) head: watch::Sender<Position>,
    pub(super) acknowledged: Arc<AtomicU64>,
    pub(super) health: Health,
}

/// Makes a connection that was just opened fit for writing.
///
/// What stands in the WAL may be there because a sync failed: then the system may hold it for written
/// although the disk has never seen it, and a later sync has nothing to say. So all of it is written
/// to the file itself, and synced there, before anything is answered that builds on it.
pub(super) async fn settle(
    writer: &mut SqliteConnection,
    options: &SqliteLogOptions,
) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *writer).await?;
    let path = options.path.clone();
    tokio::task::spawn_blocking(move || sync_folder_of(&path))
        .await
        .map_err(|error| sqlx::Error::Io(error.into()))?
        .map_err(sqlx::Error::Io)
}

impl Appender {
    /// Works until the queue ends, then closes the file.
    pub(super) async fn run(mut self, mut queue: Queue, readers: SqlitePool) {
        loop {
            let work = if self.health.is_failing() {
                match timeout(self.options.probe_interval, queue.next()).await {
                    Ok(work) => work,
                    Err(_nobody_came) => {
                        self.probe().await;
                        continue;
                    }
                }
            } else {
                queue.next().await
            };
            match work {
                Some(Work::Batch(batch)) => self.append(batch).await,
                Some(Work::Forget(forget)) => self.forget(forget).await,
                None => break,
            }
        }
        self.close(readers).await;
    }

    /// Finds out whether the file can be written again.
    async fn probe(&mut self) {
        let written = match self.writer().await {
            Ok(writer) => sqlx::query("UPDATE probe SET written = written + 1")
                .execute(writer)
                .await
                .map(drop),
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => self.health.succeeded(),
            Err(error) => {
                self.give_up_writer().await;
                self.failed(log_error(error));
            }
        }
    }

    /// Notes that the store cannot be written, if that is what an error says.
    fn failed(&self, error: LogError) -> LogError {
        if let LogError::Unavailable(reason) = &error {
            self.health.failed(reason);
        }
        error
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
                        Err(error) => self.fail(vec![waiting], error),
                    }
                }
            }
            Err(error) => self.fail(batch, error),
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
                // A full disk can still be read, and appends refused for what is read.
                if committed.has_written {
                    self.health.succeeded();
                }
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

    fn fail(&self, batch: Vec<Waiting>, error: sqlx::Error) {
        tracing::error!(%error, appends = batch.len(), "the event log did not append");
        let error = self.failed(log_error(error));
        for waiting in batch {
            let error = AppendError::Log(LogError::clone(&error));
            measure::answered(Outcome::from(&error));
            waiting.answer(Err(error));
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
                let mut writer = self.options.writer().connect().await?;
                settle(&mut writer, &self.options).await?;
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
