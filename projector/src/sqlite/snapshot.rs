//! A read model as it is at one moment, while others go on writing.

use std::path::Path;

use events::Digest;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use read_model::Checkpoint;
use sqlx::{
    ConnectOptions, Row as _, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::{
    checkpoint,
    failure::store_error,
    options::BUSY_TIMEOUT,
    tables::{TABLES, TEXT_INDEX},
};
use crate::{
    StoreError,
    port::{Row, Snapshot, Table, Value},
    tables::{names, reading},
};

/// A transaction that sees one moment. Writers go on meanwhile.
pub(super) struct SqliteSnapshot {
    connection: SqliteConnection,
    checkpoint: Checkpoint,
    digest: Digest,
}

impl SqliteSnapshot {
    /// Begins to read the file at `path`.
    ///
    /// # Errors
    /// [`StoreError::Open`] if it does not exist or cannot be opened; [`StoreError`] if it is no read model of
    /// this version.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = open(path).await?;
        for statement in [TEXT_INDEX, "BEGIN"] {
            sqlx::query(statement).execute(&mut connection).await.map_err(store_error)?;
        }
        // The first read is what fixes the moment.
        let (checkpoint, digest) = checkpoint::read(&mut connection).await?;
        Ok(Self { connection, checkpoint, digest })
    }
}

impl Snapshot for SqliteSnapshot {
    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    fn digest(&self) -> Digest {
        self.digest
    }

    fn tables(&self) -> Vec<Table> {
        names(TABLES)
    }

    fn rows<'a>(&'a mut self, table: &Table) -> BoxStream<'a, Result<Row, StoreError>> {
        let sql = match reading(TABLES, table) {
            Ok(sql) => sql,
            Err(unknown) => return stream::iter([Err(unknown)]).boxed(),
        };
        let rows = sqlx::query(sql).fetch(&mut self.connection);
        rows.map(|row| values(&row.map_err(store_error)?)).boxed()
    }
}

fn values(row: &SqliteRow) -> Result<Row, StoreError> {
    let value = |index| -> Result<Value, sqlx::Error> {
        let raw = row.try_get_raw(index)?;
        Ok(match raw.type_info().name() {
            _ if raw.is_null() => Value::Null,
            "INTEGER" | "BOOLEAN" => Value::Integer(row.try_get_unchecked(index)?),
            "REAL" => Value::Real(row.try_get_unchecked(index)?),
            "BLOB" => Value::Blob(row.try_get_unchecked(index)?),
            _ => Value::Text(row.try_get_unchecked(index)?),
        })
    };
    (0..row.len()).map(value).collect::<Result<_, _>>().map_err(store_error)
}

/// How far the read model at `path` has come, and the digest of the events up to there.
///
/// # Errors
/// [`StoreError`] if there is no read model of this version.
pub(super) async fn peek(path: &Path) -> Result<(Checkpoint, Digest), StoreError> {
    checkpoint::read(&mut open(path).await?).await
}

/// A connection to the read model at `path` that only reads.
///
/// # Errors
/// [`StoreError::Open`] if it does not exist or cannot be opened.
pub(super) async fn open(path: &Path) -> Result<SqliteConnection, StoreError> {
    let cannot_open =
        |reason: String| StoreError::Open { place: path.display().to_string(), reason };
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
