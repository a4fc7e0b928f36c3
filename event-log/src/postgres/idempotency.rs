//! Idempotency keys: recalled, forgotten, and taken over from another log. They are otherwise remembered by the function that appends.

use events::{Position, Revision};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::readers::Readers;
use crate::{
    Appended, LogError, Remembered, RememberedKey,
    sql::{integer, number},
};

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
    let row = readers.read(|mut reader| async move {
        let row = sqlx::query(SQL).bind(key).fetch_optional(&mut *reader).await?;
        row.as_ref().map(remembered).transpose()
    });
    row.await
}

/// Remembers keys of another log, those that are not taken; gives how many.
pub(super) async fn restore(
    writer: &mut PgConnection,
    keys: &[RememberedKey],
) -> Result<u64, sqlx::Error> {
    let answers = keys.iter().map(|key| serde_json::to_string(&key.remembered.answer));
    let answers: Vec<String> =
        answers.collect::<Result<_, _>>().map_err(|error| sqlx::Error::Encode(error.into()))?;
    let places = || keys.iter().map(|key| key.remembered.appended);
    let restored = sqlx::query(
        "INSERT INTO cinelog_log.idempotency
             (key, fingerprint, answer, revision, position, recorded_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(keys.iter().map(|key| key.key.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.remembered.fingerprint.as_str()).collect::<Vec<_>>())
    .bind(answers)
    .bind(places().map(|at| integer(at.revision.0)).collect::<Result<Vec<_>, _>>()?)
    .bind(places().map(|at| integer(at.position.0)).collect::<Result<Vec<_>, _>>()?)
    .bind(keys.iter().map(|key| key.recorded_at.as_microsecond()).collect::<Vec<_>>())
    .execute(writer)
    .await?;
    Ok(restored.rows_affected())
}

macro_rules! keys {
    () => {
        "SELECT fingerprint, answer, revision, position, key, recorded_at FROM cinelog_log.idempotency"
    };
}

/// The keys after `after`, in the order of their bytes; at most `limit`.
pub(super) async fn after(
    readers: &Readers,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<RememberedKey>, LogError> {
    let sql = match after {
        Some(_) => concat!(keys!(), " WHERE key > $1 ORDER BY key LIMIT $2"),
        // From the shortest key there can be, which is nothing.
        None => concat!(keys!(), " WHERE key >= $1 ORDER BY key LIMIT $2"),
    };
    let after = after.unwrap_or_default();
    let rows = readers.read(|mut reader| async move {
        let query = sqlx::query(sql).bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query.fetch_all(&mut *reader).await?.iter().map(remembered_key).collect()
    });
    rows.await
}

/// A row of what [`remembered`] reads, then the key and its time.
fn remembered_key(row: &PgRow) -> Result<RememberedKey, sqlx::Error> {
    let recorded_at = Timestamp::from_microsecond(row.try_get(5)?)
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(RememberedKey { key: row.try_get(4)?, remembered: remembered(row)?, recorded_at })
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
