//! How the read model's file is opened.

use std::{path::PathBuf, time::Duration};

use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::bulk::STATEMENTS_MAX;

/// SQLite's own default, named because [`SqliteReadModelOptions::file_bytes_max`] counts in pages.
const PAGE_BYTES: u32 = 4096;

/// How long to wait for another process that has locked the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What becomes of a file when its process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It holds what was committed, save perhaps for the last batches. Others read it meanwhile.
    Live,
    /// It is thrown away, so that nothing needs to be written twice.
    Building,
}

/// How the read model's file is opened.
#[derive(Debug, Clone)]
pub struct SqliteReadModelOptions {
    /// The file. Its folder must exist.
    pub path: PathBuf,
    /// How long to wait for another process that has locked the file.
    pub busy_timeout: Duration,
    /// Which generation it is, where that is to be made sure of; a new file becomes it.
    pub generation: Option<u64>,
    /// How the file is used.
    pub durability: Durability,
    /// The size at which the file counts as full, in bytes. `None`: when the disk is.
    pub file_bytes_max: Option<u64>,
}

impl SqliteReadModelOptions {
    /// The defaults, for a file at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            busy_timeout: BUSY_TIMEOUT,
            generation: None,
            durability: Durability::Live,
            file_bytes_max: None,
        }
    }

    /// For a file that is being built: it is worth nothing before it is whole.
    #[must_use]
    pub fn building(path: impl Into<PathBuf>) -> Self {
        Self { durability: Durability::Building, ..Self::at(path) }
    }

    /// The connection that writes.
    pub(super) fn writer(&self) -> SqliteConnectOptions {
        let (journal, synchronous) = match self.durability {
            Durability::Live => (SqliteJournalMode::Wal, SqliteSynchronous::Normal),
            Durability::Building => (SqliteJournalMode::Off, SqliteSynchronous::Off),
        };
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(journal)
            .synchronous(synchronous)
            .foreign_keys(true)
            .busy_timeout(self.busy_timeout)
            .statement_cache_capacity(STATEMENTS_MAX)
            // Negative: in KiB. The default of 2 MiB holds no catalogue's indexes.
            .pragma("cache_size", "-32768")
            // What a statement of many rows would take back is kept in memory: a few pages, many times.
            .pragma("temp_store", "MEMORY")
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
