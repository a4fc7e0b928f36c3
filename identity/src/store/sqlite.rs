//! The store in one SQLite file: WAL, one connection that writes, several that read. Another process may
//! use the file at the same time, as `cinelog account` does beside a server.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{SqlStore, StoreError, migrate};

/// How often it is tried to empty the write-ahead log, and what lies between.
const EMPTYING_MAX: usize = 5;
const EMPTYING_PAUSE: Duration = Duration::from_millis(20);

/// How the file is opened.
#[derive(Debug, Clone)]
pub struct SqliteIdentityOptions {
    /// The file. Its folder must exist.
    pub path: PathBuf,
    /// Connections that read, at least 1.
    pub readers: u32,
    /// How long is waited for a connection, or for another process that has locked the file.
    pub patience: Duration,
}

impl SqliteIdentityOptions {
    /// The defaults, for a file at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, patience: Duration::from_secs(5) }
    }

    fn connection(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(self.patience)
            .foreign_keys(true)
    }

    fn pool(&self, connections: u32) -> SqlitePoolOptions {
        SqlitePoolOptions::new()
            .max_connections(connections.max(1))
            .acquire_timeout(self.patience)
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not hang up.
            .test_before_acquire(false)
    }
}

/// The store of identities in a SQLite file. Clones share their connections.
#[derive(Debug, Clone)]
pub struct SqliteIdentity {
    /// One connection: SQLite has one writer, and to wait for it here is cheaper than in the file.
    writer: SqlitePool,
    /// Connections that only read.
    readers: SqlitePool,
    /// One connection that writes and does not wait for the disk: for what may be lost in a power cut.
    hasty: SqlitePool,
    /// One connection that empties the write-ahead log. It waits for nobody, since whoever empties it keeps
    /// all writers out while waiting for those who read.
    emptier: SqlitePool,
    /// Whether there may be something in the write-ahead log that was erased.
    holds_erased: Arc<AtomicBool>,
}

impl SqliteIdentity {
    /// Opens the file, making it where there is none (open to its owner alone), and brings its tables up to
    /// date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the file cannot be opened or is locked, [`StoreError::Newer`] where a
    /// newer Cinelog wrote it, [`StoreError::Damaged`] where it is something else.
    pub async fn open(options: SqliteIdentityOptions) -> Result<Self, StoreError> {
        make_private(&options).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let writing = options
            .connection()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is erased is overwritten, so that nothing of it stays in the file.
            .pragma("secure_delete", "ON")
            .pragma("fullfsync", "ON")
            .pragma("checkpoint_fullfsync", "ON")
            .pragma("journal_size_limit", "4194304");
        let durable = writing.clone().synchronous(SqliteSynchronous::Full);
        let writer = options.pool(1).connect_with(durable).await?;
        migrate::sqlite(&mut *writer.acquire().await?).await?;
        let hasty = writing.synchronous(SqliteSynchronous::Normal);
        let hasty = options.pool(1).connect_with(hasty).await?;
        let reading = options.connection().pragma("query_only", "ON");
        let readers = options.pool(options.readers).connect_with(reading).await?;
        let emptying = options.connection().busy_timeout(Duration::ZERO);
        let emptying = emptying.pragma("fullfsync", "ON").pragma("checkpoint_fullfsync", "ON");
        let emptier = options.pool(1).connect_with(emptying).await?;
        tracing::info!(path = %options.path.display(), "identity store opened");
        // Whoever had it open before may have been killed just after something was erased.
        let holds_erased = Arc::new(AtomicBool::new(true));
        Ok(Self { writer, readers, hasty, emptier, holds_erased })
    }

    /// Says that something was erased which is still in the write-ahead log.
    fn has_erased(&self) {
        self.holds_erased.store(true, Ordering::Release);
    }

    /// Where something was erased: folds the write-ahead log back into the file and empties it, so that it is
    /// in neither. Whoever reads or writes at that moment keeps it from being emptied; gives whether there is
    /// nothing left to do.
    async fn forget_write_ahead_log(&self) -> Result<bool, StoreError> {
        for attempt in 0..EMPTYING_MAX {
            if attempt > 0 {
                tokio::time::sleep(EMPTYING_PAUSE).await;
            }
            // What is erased from here on sets it again.
            if !self.holds_erased.swap(false, Ordering::AcqRel) {
                return Ok(true);
            }
            let emptied = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)");
            let busy: Result<i64, _> = emptied.fetch_one(&self.emptier).await;
            if !matches!(busy, Ok(0)) {
                self.has_erased();
            }
            busy?;
        }
        Ok(!self.holds_erased.load(Ordering::Acquire))
    }

    /// Closes all connections, when they are given back.
    pub async fn close(&self) {
        self.readers.close().await;
        self.hasty.close().await;
        self.emptier.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl SqlStore for SqliteIdentity {
    type Database = Sqlite;

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// It has the write lock from the start, so that what it reads stays true until it commits.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn begin_alone(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.begin().await
    }

    /// A crash of the process alone loses nothing.
    async fn begin_hasty(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.hasty.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn overwrite_erased(&self, has_just_erased: bool) -> Result<bool, StoreError> {
        if has_just_erased {
            self.has_erased();
        }
        self.forget_write_ahead_log().await
    }
}

/// Makes the file where there is none, for its owner alone; SQLite gives what it makes beside it the same
/// rights.
fn make_private(options: &SqliteIdentityOptions) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(&options.path).map(drop)
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn who_reads_keeps_the_log_from_being_emptied_and_nobody_from_writing() {
        let folder = tempfile::tempdir().unwrap();
        let patience = std::time::Duration::from_secs(60);
        let options = SqliteIdentityOptions::at(folder.path().join("identity.db"));
        let options = SqliteIdentityOptions { patience, ..options };
        let store = SqliteIdentity::open(options).await.unwrap();
        let mut reader = store.readers.begin().await.unwrap();
        let read = "SELECT seq FROM revocation_clock";
        let before: i64 = sqlx::query_scalar(read).fetch_one(&mut *reader).await.unwrap();
        let write = async || {
            let mut transaction = store.begin().await.unwrap();
            let sql = "UPDATE revocation_clock SET seq = seq + 1";
            sqlx::query(sql).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
            store.has_erased();
        };
        write().await;
        let emptied = timeout(patience / 2, store.forget_write_ahead_log()).await;
        assert!(!emptied.expect("nobody is waited for").unwrap());
        write().await;
        let seen: i64 = sqlx::query_scalar(read).fetch_one(&mut *reader).await.unwrap();
        assert_eq!(seen, before);
        reader.rollback().await.unwrap();
        assert!(store.forget_write_ahead_log().await.unwrap());
        let log = folder.path().join("identity.db-wal");
        assert_eq!(log.metadata().unwrap().len(), 0);
    }
}
