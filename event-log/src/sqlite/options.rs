//! How the log's file is opened, and how much the log does at once.

use std::{path::PathBuf, time::Duration};

use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// SQLite's own default, named because [`SqliteLogOptions::file_bytes_max`] counts in pages.
const PAGE_BYTES: u32 = 4096;

/// Statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 256;

/// How the log's file is opened, and how much the log does at once.
#[derive(Debug, Clone)]
pub struct SqliteLogOptions {
    /// The file. Its folder must exist.
    pub path: PathBuf,
    /// Connections that read, at least 1.
    pub readers: u32,
    /// Appends that may wait; further callers wait for a place.
    pub queue_length: usize,
    /// Events in one transaction. A larger append has a transaction for itself.
    pub batch_events_max: usize,
    /// Bytes of event data in one transaction. A larger append has a transaction for itself.
    pub batch_bytes_max: usize,
    /// How long to wait for another process that has locked the file.
    pub busy_timeout: Duration,
    /// How often a subscription looks for events that another process has appended. Events of this
    /// process need no looking for.
    pub poll_interval: Duration,
    /// How often a log that could not be written is tried while nobody appends.
    pub probe_interval: Duration,
    /// The size at which the file counts as full, in bytes. `None`: when the disk is.
    pub file_bytes_max: Option<u64>,
}

impl SqliteLogOptions {
    /// The defaults, for a file at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            queue_length: 1024,
            batch_events_max: 1024,
            batch_bytes_max: 8 << 20,
            busy_timeout: Duration::from_secs(5),
            poll_interval: Duration::from_secs(1),
            probe_interval: Duration::from_secs(1),
            file_bytes_max: None,
        }
    }

    /// The connection that writes.
    pub(super) fn writer(&self) -> SqliteConnectOptions {
        let options = self
            .connection()
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            // Every commit is on the disk before it is answered.
            .synchronous(SqliteSynchronous::Full)
            // On macOS an fsync alone does not reach the disk; elsewhere this means nothing.
            .pragma("fullfsync", "ON")
            .pragma("checkpoint_fullfsync", "ON")
            // The indexes of a large log do not fit the default of 2 MiB. Negative: in KiB.
            .pragma("cache_size", "-32768")
            // A statement for each number of rows is to stay prepared.
            .statement_cache_capacity(STATEMENTS_MAX)
            // A WAL that a long read made grow is cut back to this.
            .pragma("journal_size_limit", "67108864");
        match self.file_bytes_max {
            Some(bytes) => {
                options.pragma("max_page_count", (bytes / u64::from(PAGE_BYTES)).to_string())
            }
            None => options,
        }
    }

    /// The connections that read. Opens one, to be sure that it can.
    ///
    /// Read-only keeps the log safe from them. It suffices for a WAL file
    /// (https://sqlite.org/wal.html#read_only_databases) as long as the files beside it are there or
    /// can be made: the index of the WAL is then shared and written by readers too, since SQLite
    /// opens that one for writing all the same. The log's writer, which is opened first and closed
    /// last, sees to both. What such a connection cannot do is to fold the WAL back into the file.
    pub(super) async fn reader_pool(&self) -> Result<SqlitePool, sqlx::Error> {
        SqlitePoolOptions::new()
            .max_connections(self.readers.max(1))
            .idle_timeout(None)
            // A connection to a file does not go away; asking it costs a trip to its thread.
            .test_before_acquire(false)
            .max_lifetime(None)
            .connect_with(self.reader())
            .await
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> SqliteConnectOptions {
        self.connection().read_only(true)
    }

    fn connection(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(self.busy_timeout)
            .disable_statement_logging()
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions, Connection};

    use super::SqliteLogOptions;

    async fn pragma<T>(name: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
    {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteLogOptions::at(folder.path().join("log.db"));
        let mut writer = options.writer().connect().await.unwrap();
        let value = sqlx::query_scalar(name).fetch_one(&mut writer).await.unwrap();
        writer.close().await.unwrap();
        value
    }

    #[tokio::test]
    async fn every_commit_is_synced_to_the_disk() {
        const FULL: i64 = 2;
        assert_eq!(pragma::<i64>("PRAGMA synchronous").await, FULL);
    }

    #[tokio::test]
    async fn the_journal_is_a_write_ahead_log() {
        assert_eq!(pragma::<String>("PRAGMA journal_mode").await, "wal");
    }
}
