//! A read model as it is at one moment, read beside whoever writes it.

use std::path::Path;

use events::Digest;
use read_model::Checkpoint;
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{checkpoint, failure::store_error, options::BUSY_TIMEOUT};
use crate::{StoreError, compare};

/// A read model that stands still for as long as this lives. Writers go on beside it.
pub(crate) struct Snapshot {
    pub(crate) connection: SqliteConnection,
    /// What it reflects.
    pub(crate) checkpoint: Checkpoint,
    /// The digest of what was folded in or parked until there.
    pub(crate) digest: Digest,
}

impl Snapshot {
    /// Begins to read the file at `path`.
    ///
    /// # Errors
    /// [`StoreError::Open`] where it is not there or cannot be opened; [`StoreError`] where it is no
    /// read model of this version.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = open(path).await?;
        compare::open_text_index(&mut connection).await?;
        sqlx::query("BEGIN").execute(&mut connection).await.map_err(store_error)?;
        // The first read is what fixes the moment.
        let (checkpoint, digest) = checkpoint::read(&mut connection).await?;
        Ok(Self { connection, checkpoint, digest })
    }
}

/// How far the read model at `path` has come, and the digest until there.
///
/// # Errors
/// [`StoreError`] where there is no read model of this version.
pub async fn peek(path: &Path) -> Result<(Checkpoint, Digest), StoreError> {
    checkpoint::read(&mut open(path).await?).await
}

async fn open(path: &Path) -> Result<SqliteConnection, StoreError> {
    let cannot_open = |reason: String| StoreError::Open { path: path.to_owned(), reason };
    if !path.is_file() {
        return Err(cannot_open("there is no such file".to_owned()));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    options.connect().await.map_err(|error| cannot_open(error.to_string()))
}
