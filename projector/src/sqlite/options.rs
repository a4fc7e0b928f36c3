//! How the read model's file is opened.

use std::{path::PathBuf, time::Duration};

use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::bulk::STATEMENTS_MAX;

/// SQLite's own default, named because [`SqliteReadModelOptions::file_bytes_max`] counts in pages.
const PAGE_BYTES: u32 = 4096;

/// How the read model's file is opened.
#[derive(Debug, Clone)]
pub struct SqliteReadModelOptions {
    /// The file. Its folder must exist.
    pub path: PathBuf,
    /// How long to wait for another process that has locked the file.
    pub busy_timeout: Duration,
    /// The size at which the file counts as full, in bytes. `None`: when the disk is.
    pub file_bytes_max: Option<u64>,
}

impl SqliteReadModelOptions {
    /// The defaults, for a file at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), busy_timeout: Duration::from_secs(5), file_bytes_max: None }
    }

    /// The connection that writes.
    pub(super) fn writer(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(self.busy_timeout)
            .statement_cache_capacity(STATEMENTS_MAX)
            // Negative: in KiB. The default of 2 MiB holds no catalogue's indexes.
            .pragma("cache_size", "-32768")
            // A WAL that a long read made grow is cut back to this many bytes.
            .pragma("journal_size_limit", "67108864")
            .disable_statement_logging();
        match self.file_bytes_max {
            Some(bytes) => {
                options.pragma("max_page_count", (bytes / u64::from(PAGE_BYTES)).to_string())
            }
            None => options,
        }
    }
}
