//! Idempotency keys: remembered with the events they belong to, recalled, and forgotten.

use std::sync::LazyLock;

use events::{Position, Revision};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::log_error,
    insert::{Binding, Insert},
    load::json,
};
use crate::{
    Append, Appended, IdempotencyEntry, LogError, Remembered, RememberedKey,
    group_commit::Accepted,
    sql::{integer, number},
};

/// How many keys are forgotten in one transaction.
pub(super) const FORGET_SLICE_KEYS: u64 = 1000;

static INTO_IDEMPOTENCY: LazyLock<Insert> = LazyLock::new(|| {
    Insert::into("idempotency", "key, fingerprint, answer, revision, position, recorded_at", "")
});

/// Keys of another log, in one JSON array of rows (?1), where they are not taken here.
const RESTORE: &str = "
    INSERT INTO idempotency (key, fingerprint, answer, revision, position, recorded_at)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
    FROM json_each(?1) WHERE TRUE ON CONFLICT (key) DO NOTHING";

/// Remembers the keys of all accepted appends that have one.
pub(super) async fn remember(
    transaction: &mut SqliteConnection,
    accepted: &[(&Append, Accepted)],
) -> Result<(), sqlx::Error> {
    let entries: Vec<(&IdempotencyEntry, Appended)> = accepted
        .iter()
        .filter_map(|(append, at)| Some((append.idempotency.as_ref()?, at.appended)))
        .collect();
    INTO_IDEMPOTENCY.rows(transaction, &entries, bind).await
}

fn bind(
    query: Binding,
    (entry, appended): &(&IdempotencyEntry, Appended),
) -> Result<Binding, sqlx::Error> {
    Ok(query
        .bind(entry.key.clone())
        .bind(entry.fingerprint.clone())
        .bind(json(&entry.answer)?)
        .bind(integer(appended.revision.0)?)
        .bind(integer(appended.position.0)?)
        .bind(entry.recorded_at.as_microsecond()))
}

/// Forgets at most [`FORGET_SLICE_KEYS`] keys that were recorded before `before`; gives how many.
pub(super) async fn forget(
    writer: &mut SqliteConnection,
    before: Timestamp,
) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query(
        "DELETE FROM idempotency WHERE key IN
             (SELECT key FROM idempotency WHERE recorded_at < ?1 ORDER BY recorded_at LIMIT +?2)",
    )
    .bind(before.as_microsecond())
    .bind(integer(FORGET_SLICE_KEYS)?)
    .execute(writer)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Remembers keys of another log, those that are not taken; gives how many.
pub(super) async fn restore(
    transaction: &mut SqliteConnection,
    keys: &[RememberedKey],
) -> Result<u64, sqlx::Error> {
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let Remembered { fingerprint, answer, appended } = &key.remembered;
        let (revision, position) = (integer(appended.revision.0)?, integer(appended.position.0)?);
        let recorded_at = key.recorded_at.as_microsecond();
        rows.push((&key.key, fingerprint, json(answer)?, revision, position, recorded_at));
    }
    let restored = sqlx::query(RESTORE).bind(json(&rows)?).execute(transaction).await?;
    Ok(restored.rows_affected())
}

/// What is remembered under a key.
pub(super) async fn recall(
    readers: &SqlitePool,
    key: &str,
) -> Result<Option<Remembered>, LogError> {
    sqlx::query("SELECT fingerprint, answer, revision, position FROM idempotency WHERE key = ?")
        .bind(key)
        .fetch_optional(readers)
        .await
        .and_then(|row| row.as_ref().map(remembered).transpose())
        .map_err(log_error)
}

/// A row of what [`remembered`] reads, then the key and its time.
pub(super) fn remembered_key(row: &SqliteRow) -> Result<RememberedKey, sqlx::Error> {
    let recorded_at = Timestamp::from_microsecond(row.try_get(5)?)
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(RememberedKey { key: row.try_get(4)?, remembered: remembered(row)?, recorded_at })
}

fn remembered(row: &SqliteRow) -> Result<Remembered, sqlx::Error> {
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
