//! What stands in rows: the checkpoint, documents.

use events::Position;
use read_model::Checkpoint;
use serde::de::DeserializeOwned;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use crate::store::StoreError;

/// The checkpoint as it is now.
pub(super) async fn read_checkpoint(
    connection: &mut SqliteConnection,
) -> Result<Checkpoint, sqlx::Error> {
    let row = sqlx::query("SELECT generation, position FROM checkpoint WHERE one = 1")
        .fetch_one(connection)
        .await?;
    checkpoint_of(&row)
}

/// The checkpoint in a row that begins with it.
pub(super) fn checkpoint_of(row: &SqliteRow) -> Result<Checkpoint, sqlx::Error> {
    let unsigned = |index: usize| -> Result<u64, sqlx::Error> {
        let number: i64 = row.try_get(index)?;
        u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    Ok(Checkpoint { generation: unsigned(0)?, position: Position(unsigned(1)?) })
}

/// The document behind the checkpoint in a row, where there is one.
pub(super) fn document_of<T: DeserializeOwned>(row: &SqliteRow) -> Result<Option<T>, StoreError> {
    let json: Option<&str> = row.try_get(2)?;
    json.map(serde_json::from_str).transpose().map_err(StoreError::damaged)
}

/// The document in a column.
pub(super) fn document_at<T: DeserializeOwned>(
    row: &SqliteRow,
    at: usize,
) -> Result<T, StoreError> {
    let json: &str = row.try_get(at)?;
    serde_json::from_str(json).map_err(StoreError::damaged)
}
