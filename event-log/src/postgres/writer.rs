//! The one connection that writes to the log, opened again where it broke, and what is tried again.

use std::time::{Duration, Instant};

use events::Position;
use jiff::Timestamp;
use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::{sync::watch, time::sleep};

use super::{
    PostgresLogOptions, batch,
    failure::{Kind, kind, log_error},
    idempotency,
    presumption::Heads,
    readers::Readers,
    rights,
    session::{self, answered, close},
};
use crate::{
    Append, LogError,
    backoff::Backoff,
    group_commit::{CommitError, Committed, Verdict, Writer},
};

/// Writes to find out whether the log can be written.
const PROBE: &str = "SELECT cinelog_log.write_probe()";

/// Waits until what can be seen is durable.
const SETTLE: &str = "SELECT cinelog_log.settle()";

/// What the appender writes with.
pub(super) struct PostgresWriter {
    options: PostgresLogOptions,
    server: PgConnectOptions,
    /// `None` after a failure, until the next use opens another one.
    connection: Option<PgConnection>,
    heads: Heads,
    /// Whether the last use found that the log cannot be written.
    is_failing: bool,
    /// Closed when the appender ends.
    readers: Readers,
    /// What is to be announced.
    committed: watch::Sender<Position>,
}

impl PostgresWriter {
    pub(super) fn new(
        options: &PostgresLogOptions,
        server: PgConnectOptions,
        connection: PgConnection,
        readers: Readers,
        committed: watch::Sender<Position>,
    ) -> Self {
        let (connection, heads) = (Some(connection), Heads::default());
        let options = options.clone();
        Self { options, server, connection, heads, is_failing: false, readers, committed }
    }

    async fn connection(&mut self) -> Result<PgConnection, sqlx::Error> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => {
                let PostgresLogOptions { connect_timeout, statement_timeout, .. } = self.options;
                let connection =
                    session::connect(&self.server, connect_timeout, statement_timeout).await?;
                self.heads = Heads::default();
                tracing::info!(at = self.options.place(), "event log reconnected");
                Ok(connection)
            }
        }
    }

    /// Does something over the connection. After an error the connection is given up: that undoes what is
    /// open on it, and another one may reach another server. Not where it is what was given that is at
    /// fault: then nothing is open.
    async fn with_connection<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection, &mut Heads) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let mut connection = match self.connection().await {
            Ok(connection) => connection,
            Err(error) => {
                self.is_failing = true;
                return Err(error);
            }
        };
        let worked = work(&mut connection, &mut self.heads).await;
        let failed = worked.as_ref().err().map(kind);
        match failed {
            None | Some(Kind::Unfit) => self.connection = Some(connection),
            Some(Kind::Broken) => drop(connection),
            Some(_) => close(connection).await,
        }
        self.is_failing = failed.is_some_and(|kind| !matches!(kind, Kind::Unfit | Kind::Refused));
        worked
    }

    /// One attempt at a batch.
    async fn attempt(&mut self, appends: &[&Append]) -> Result<Committed, sqlx::Error> {
        let statement_timeout = self.options.statement_timeout;
        self.with_connection(async |connection, heads| {
            let presumed = heads.presume(appends);
            let (committed, ledger) =
                batch::commit(connection, presumed, appends, statement_timeout).await?;
            heads.learn(ledger.revisions);
            if needs_settling(&committed) {
                call(connection, SETTLE, statement_timeout).await?;
            }
            Ok(committed)
        })
        .await
    }
}

/// Whether it is answered with what others have written, and nothing was written since. Their connection may
/// have died before the disk or the standby had it, although it can be seen; what is written after
/// it is durable only with it.
fn needs_settling(committed: &Committed) -> bool {
    let repeats = committed.verdicts.iter().any(|v| matches!(v, Ok(Verdict::Repeated(_))));
    repeats && !committed.has_written
}

async fn call(
    connection: &mut PgConnection,
    sql: &'static str,
    limit: Duration,
) -> Result<(), sqlx::Error> {
    answered(limit, sqlx::query(sql).execute(connection)).await.map(drop)
}

impl Writer for PostgresWriter {
    async fn commit(&mut self, appends: &[&Append]) -> Result<Committed, CommitError> {
        // The ids make a batch repeatable: what of it is in the log gets its first result.
        let (started, mut backoff) = (Instant::now(), Backoff::default());
        let may_retry = !self.is_failing;
        loop {
            let error = match self.attempt(appends).await {
                Ok(committed) => {
                    if committed.has_written {
                        self.committed.send_replace(committed.head);
                    }
                    return Ok(committed);
                }
                Err(error) => error,
            };
            let kind = kind(&error);
            let passes = matches!(kind, Kind::Broken | Kind::Collision);
            let delay = backoff.next();
            if !passes || !may_retry || started.elapsed() + delay > self.options.retry_for {
                let is_refusal = kind == Kind::Unfit;
                return Err(CommitError { error: log_error(error), is_refusal });
            }
            tracing::warn!(%error, "a batch of appends is tried again");
            sleep(delay).await;
        }
    }

    async fn probe(&mut self) -> Result<(), LogError> {
        let statement_timeout = self.options.statement_timeout;
        let probed = self
            .with_connection(async |connection, _| {
                // What is probed is a table of its own, which may be granted where the others are not.
                let obstacle = answered(statement_timeout, rights::obstacle(connection)).await?;
                if obstacle.is_none() {
                    call(connection, PROBE, statement_timeout).await?;
                }
                Ok(obstacle)
            })
            .await;
        match probed.map_err(log_error)? {
            None => Ok(()),
            Some(obstacle) => {
                self.is_failing = true;
                // As after an error: another one may reach another server, or be set otherwise.
                if let Some(connection) = self.connection.take() {
                    close(connection).await;
                }
                Err(LogError::Unavailable(obstacle))
            }
        }
    }

    async fn forget(&mut self, before: Timestamp) -> Result<u64, LogError> {
        let statement_timeout = self.options.statement_timeout;
        let forgotten = self
            .with_connection(async |connection, _| {
                answered(statement_timeout, idempotency::forget(connection, before)).await
            })
            .await;
        forgotten.map_err(log_error)
    }

    async fn close(self) {
        self.readers.close().await;
        if let Some(connection) = self.connection {
            close(connection).await;
        }
        tracing::info!(at = self.options.place(), "event log closed");
    }
}
