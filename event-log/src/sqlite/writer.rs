//! The one connection that writes to the file, opened again where it has failed.

use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool, error::ErrorKind};

use super::{SqliteLogOptions, batch, failure::log_error, idempotency, snapshot::sync_folder_of};
use crate::{
    Append, LogError,
    group_commit::{CommitError, Committed, Writer},
};

/// What the appender writes with.
pub(super) struct SqliteWriter {
    pub(super) options: SqliteLogOptions,
    /// `None` after a failure, until the next use opens another one.
    pub(super) connection: Option<SqliteConnection>,
    /// Closed before the file is.
    pub(super) readers: SqlitePool,
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

impl SqliteWriter {
    async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut connection = self.options.writer().connect().await?;
                settle(&mut connection, &self.options).await?;
                tracing::info!(path = %self.options.path.display(), "event log reopened");
                connection
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// What a use of the connection gave. SQLite may have rolled back after an error or not; a connection
    /// that is closed certainly has.
    async fn done<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if result.is_err()
            && let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the event log's writer did not close cleanly");
        }
        result
    }
}

impl Writer for SqliteWriter {
    async fn commit(&mut self, appends: &[&Append]) -> Result<Committed, CommitError> {
        let result = match self.connection().await {
            Ok(connection) => batch::commit(connection, appends).await,
            Err(error) => Err(error),
        };
        self.done(result).await.map_err(|error| {
            let is_refusal = is_refusal(&error);
            CommitError { error: log_error(error), is_refusal }
        })
    }

    async fn probe(&mut self) -> Result<(), LogError> {
        let result = match self.connection().await {
            Ok(connection) => sqlx::query("UPDATE probe SET written = written + 1")
                .execute(connection)
                .await
                .map(drop),
            Err(error) => Err(error),
        };
        self.done(result).await.map_err(log_error)
    }

    async fn forget(&mut self, before: jiff::Timestamp) -> Result<u64, LogError> {
        let result = match self.connection().await {
            Ok(connection) => idempotency::forget(connection, before).await,
            Err(error) => Err(error),
        };
        self.done(result).await.map_err(log_error)
    }

    async fn close(self) {
        // Whoever still reads has as long as a lock may take.
        if tokio::time::timeout(self.options.busy_timeout, self.readers.close()).await.is_err() {
            tracing::warn!("the event log was closed while it was being read");
        }
        let Some(mut writer) = self.connection else { return };
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
