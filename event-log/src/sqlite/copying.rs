//! Copying: taking over recorded events and remembered keys of another log, and listing the keys.
//!
//! Over a connection of its own, so that the appender goes on and the queue knows nothing of it; SQLite's
//! write lock keeps the two apart.

use events::{Digest, NewEvent, Position, RecordedEvent, Revision, StreamName};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::{
    SqliteLogOptions, digest,
    failure::{cannot_open, log_error},
    idempotency,
    write::{self, Row},
    writer::settle,
};
use crate::{LogError, RESTORE_EVENTS_MAX, RESTORE_KEYS_MAX, RememberedKey, RestoreError};

const FIRST: &str = "
    SELECT fingerprint, answer, revision, position, key, recorded_at
    FROM idempotency ORDER BY key LIMIT +?";

const AFTER: &str = "
    SELECT fingerprint, answer, revision, position, key, recorded_at
    FROM idempotency WHERE key > ? ORDER BY key LIMIT +?";

/// Takes over events where the log is at the digest `after`; gives the digest with them.
pub(super) async fn restore(
    options: &SqliteLogOptions,
    after: Digest,
    events: Vec<RecordedEvent>,
) -> Result<Digest, RestoreError> {
    at_most("events", events.len(), RESTORE_EVENTS_MAX)?;
    let mut writer = open(options).await?;
    let restored = restore_over(&mut writer, after, events).await;
    // In any case: where it failed, this takes back what was begun.
    let closed = writer.close().await.map_err(log_error);
    let digest = restored?;
    closed?;
    Ok(digest)
}

async fn restore_over(
    writer: &mut SqliteConnection,
    after: Digest,
    events: Vec<RecordedEvent>,
) -> Result<Digest, RestoreError> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *writer).await.map_err(log_error)?;
    let actual = digest::kept(&mut *writer, Position(u64::MAX)).await?;
    if actual != after {
        return Err(RestoreError::NotTheBeginning { actual });
    }
    if events.is_empty() {
        return Ok(actual);
    }
    let digest = events.iter().fold(after, Digest::extend);
    let events: Vec<_> = events.into_iter().map(taken_apart).collect();
    let rows = events.iter().zip(after.count + 1..);
    let rows: Vec<Row<'_>> = rows
        .map(|((stream, revision, event), position)| Row {
            position: Position(position),
            stream,
            revision: *revision,
            event,
        })
        .collect();
    write::commit_rows(writer, &rows, digest).await.map_err(log_error)?;
    Ok(digest)
}

fn taken_apart(event: RecordedEvent) -> (StreamName, Revision, NewEvent) {
    let RecordedEvent { stream, revision, id, event_type, schema_version, metadata, data, .. } =
        event;
    (stream, revision, NewEvent { id, event_type, schema_version, metadata, data })
}

/// Remembers keys that are not taken; gives how many.
pub(super) async fn restore_keys(
    options: &SqliteLogOptions,
    keys: &[RememberedKey],
) -> Result<u64, LogError> {
    at_most("keys", keys.len(), RESTORE_KEYS_MAX)?;
    let mut writer = open(options).await?;
    let restored = async {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await?;
        let new = idempotency::restore(&mut writer, keys).await?;
        sqlx::query("COMMIT").execute(&mut writer).await?;
        Ok(new)
    };
    let restored = restored.await.map_err(log_error);
    let closed = writer.close().await.map_err(log_error);
    let new = restored?;
    closed?;
    Ok(new)
}

/// The keys after `after`, at most `limit`.
pub(super) async fn keys(
    readers: &SqlitePool,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<RememberedKey>, LogError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // Two statements: of one that has both cases SQLite would read all keys for each page.
    let rows = match after {
        Some(after) => sqlx::query(AFTER).bind(after).bind(limit).fetch_all(readers).await,
        None => sqlx::query(FIRST).bind(limit).fetch_all(readers).await,
    };
    rows.and_then(|rows| rows.iter().map(idempotency::remembered_key).collect()).map_err(log_error)
}

async fn open(options: &SqliteLogOptions) -> Result<SqliteConnection, LogError> {
    let failed = |error| cannot_open(&options.path, error);
    let mut writer = options.writer().connect().await.map_err(failed)?;
    settle(&mut writer, options).await.map_err(failed)?;
    Ok(writer)
}

fn at_most(what: &str, actual: usize, limit: usize) -> Result<(), LogError> {
    if actual <= limit {
        return Ok(());
    }
    Err(LogError::Unavailable(format!("{actual} {what} are more than the {limit} of one call")))
}
