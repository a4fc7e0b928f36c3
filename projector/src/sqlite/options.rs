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

/// What happens to a file after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It holds what was committed, except perhaps for the last batches. Others read it meanwhile.
    Live,
    /// It is thrown away. So it needs no journal.
    Building,
}

/// How the read model's file is opened.
#[derive(Debug, Clone)]
pub struct SqliteReadModelOptions {
    /// The file. Its folder must exist.
    pub path: PathBuf,
    /// How long to wait for another process that has locked the file.
    pub busy_timeout: Duration,
    /// Which generation the file must be, if that is to be checked. A new file becomes this one.
    pub generation: Option<u64>,
    /// How the file is used.
    pub durability: Durability,
    /// The size at which the file counts as full, in bytes. `None`: it is full when the disk is.
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

    /// For a file that is being built, and is thrown away if that is interrupted.
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
            // Statement journals, which statements of many rows need, are small: in memory they cost no files.
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
