//! The digest of the log: written with each commit, read at any position.
//!
//! There is a row for the last position of each commit. What is asked of a position in between is
//! hashed again from the row before, which is never more than one commit.

use events::{Digest, Position};
use futures::TryStreamExt;
use sqlx::{Connection, Row, SqliteConnection, SqliteExecutor, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::{damaged_at, log_error},
    row,
};
use crate::{
    Append, LogError,
    group_commit::Accepted,
    sql::{at_most_i64, columns, integer, number},
};

/// How many events of an older file are hashed in one transaction.
const CATCH_UP_EVENTS: u64 = 1024;

/// The digest with the events of all accepted appends, in their order.
pub(super) fn with(before: Digest, accepted: &[(&Append, Accepted)]) -> Digest {
    accepted.iter().fold(before, |digest, (append, at)| {
        let mut revision = at.first_revision;
        append.events.iter().fold(digest, |digest, event| {
            let digest = digest.extend_with_new(&append.stream, revision, event);
            revision = revision.next();
            digest
        })
    })
}

/// Keeps the digest of the log as it stands after its last event.
pub(super) async fn write(
    transaction: &mut SqliteConnection,
    digest: Digest,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO digest (position, hash) VALUES (?, ?)")
        .bind(integer(digest.count)?)
        .bind(digest.hash.to_vec())
        .execute(transaction)
        .await
        .map(drop)
}

/// A row of `digest`: its position, which is its count, and its hash.
pub(super) fn from_columns(position: i64, hash: &[u8]) -> Result<Digest, sqlx::Error> {
    let hash = hash.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Digest { count: number(position)?, hash })
}

fn from_row(row: &SqliteRow) -> Result<Digest, sqlx::Error> {
    from_columns(row.try_get(0)?, row.try_get(1)?)
}

/// The last digest that is kept at or before a position.
pub(super) async fn kept(
    connection: impl SqliteExecutor<'_>,
    at: Position,
) -> Result<Digest, LogError> {
    let row = sqlx::query(
        "SELECT position, hash FROM digest WHERE position <= ? ORDER BY position DESC LIMIT 1",
    )
    .bind(at_most_i64(at.0))
    .fetch_optional(connection)
    .await
    .map_err(log_error)?;
    row.map_or(Ok(Digest::EMPTY), |row| from_row(&row).map_err(log_error))
}

/// A digest with the events that follow it, up to and with a position.
async fn extended(
    connection: impl SqliteExecutor<'_>,
    mut digest: Digest,
    to: Position,
) -> Result<Digest, LogError> {
    let mut rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM event WHERE position > ? AND position <= ? ORDER BY position"
    ))
    .bind(at_most_i64(digest.count))
    .bind(at_most_i64(to.0))
    .fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(log_error)? {
        let event = row::event(&row)?;
        digest = digest.extend(&event);
        if event.position.0 != digest.count {
            return Err(damaged_at(Position(digest.count), "it is missing"));
        }
    }
    Ok(digest)
}

/// The digest of all events up to and with a position.
pub(super) async fn at(readers: &SqlitePool, position: Position) -> Result<Digest, LogError> {
    let kept = kept(readers, position).await?;
    if kept.count == position.0 {
        return Ok(kept);
    }
    extended(readers, kept, position).await
}

/// Hashes what an older version has left without a digest; nothing, in a file that has always had
/// them. Goes on where it was interrupted.
pub(super) async fn catch_up(writer: &mut SqliteConnection) -> Result<(), LogError> {
    loop {
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(log_error)?;
        let before = kept(&mut *transaction, Position(u64::MAX)).await?;
        let to = Position(before.count.saturating_add(CATCH_UP_EVENTS));
        let digest = extended(&mut *transaction, before, to).await?;
        if digest.count == before.count {
            return transaction.rollback().await.map_err(log_error);
        }
        write(&mut transaction, digest).await.map_err(log_error)?;
        transaction.commit().await.map_err(log_error)?;
    }
}
