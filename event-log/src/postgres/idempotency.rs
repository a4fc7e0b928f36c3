//! Idempotency keys: recalled, and forgotten. They are remembered by the function that appends.

use events::{Position, Revision};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{
    readers::Readers,
    row::{integer, number},
};
use crate::{Appended, LogError, Remembered};

/// How many keys are forgotten in one transaction.
pub(super) const FORGET_SLICE_KEYS: u64 = 1000;

/// Forgets at most [`FORGET_SLICE_KEYS`] keys that were recorded before `before`; gives how many.
pub(super) async fn forget(
    writer: &mut PgConnection,
    before: Timestamp,
) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query(
        "DELETE FROM cinelog_log.idempotency WHERE key = ANY (ARRAY
             (SELECT key FROM cinelog_log.idempotency
              WHERE recorded_at < $1 ORDER BY recorded_at LIMIT $2))",
    )
    .bind(before.as_microsecond())
    .bind(integer(FORGET_SLICE_KEYS)?)
    .execute(writer)
    .await?;
    Ok(forgotten.rows_affected())
}

/// What is remembered under a key.
pub(super) async fn recall(readers: &Readers, key: &str) -> Result<Option<Remembered>, LogError> {
    const SQL: &str = "SELECT fingerprint, answer, revision, position
                       FROM cinelog_log.idempotency WHERE key = $1";
    let row = readers.read(|pool| async move {
        let row = sqlx::query(SQL).bind(key).fetch_optional(&pool).await?;
        row.as_ref().map(remembered).transpose()
    });
    row.await
}

fn remembered(row: &PgRow) -> Result<Remembered, sqlx::Error> {
    let answer: Value =
        serde_json::from_str(row.try_get(1)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Remembered {
        fingerprint: row.try_get(0)?,
        answer,
        appended: Appended {
            revision: Revision(number(row.try_get(2)?)?),
            position: Position(number(row.try_get(3)?)?),
        },
    })
}
