//! The digest of the log, read at any position. It is written by the function that appends, with each
//! commit.
//!
//! There is a row for the last position of each commit. What is asked of a position in between is
//! hashed again from the row before, which is never more than one commit.

use events::{Digest, Position};
use futures::TryStreamExt;
use sqlx::{PgConnection, PgExecutor, Row};

use super::{readers::Readers, row};
use crate::{
    LogError,
    sql::{at_most_i64, columns, number},
};

/// The digest of all events up to and with a position.
pub(super) async fn at(readers: &Readers, position: Position) -> Result<Digest, LogError> {
    readers.read(|mut reader| async move { fold(&mut reader, position).await }).await?
}

/// What is wrong with an event is no error of the connection, so it is told apart.
async fn fold(
    reader: &mut PgConnection,
    at: Position,
) -> Result<Result<Digest, LogError>, sqlx::Error> {
    let mut digest = kept(&mut *reader, at).await?;
    if digest.count == at.0 {
        return Ok(Ok(digest));
    }
    let mut rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM cinelog_log.event WHERE position > $1 AND position <= $2 ORDER BY position"
    ))
    .bind(at_most_i64(digest.count))
    .bind(at_most_i64(at.0))
    .fetch(reader);
    while let Some(row) = rows.try_next().await? {
        let event = match row::event(&row) {
            Ok(event) => event,
            Err(error) => return Ok(Err(error)),
        };
        digest = digest.extend(&event);
        if event.position.0 != digest.count {
            let position = Some(Position(digest.count));
            return Ok(Err(LogError::Damaged { position, reason: "it is missing".to_owned() }));
        }
    }
    Ok(Ok(digest))
}

/// The last digest that is kept at or before a position.
pub(super) async fn kept(
    executor: impl PgExecutor<'_>,
    at: Position,
) -> Result<Digest, sqlx::Error> {
    let row = sqlx::query(
        "SELECT position, hash FROM cinelog_log.digest
         WHERE position <= $1 ORDER BY position DESC LIMIT 1",
    )
    .bind(at_most_i64(at.0))
    .fetch_optional(executor)
    .await?;
    let Some(row) = row else { return Ok(Digest::EMPTY) };
    let hash: &[u8] = row.try_get(1)?;
    let hash = hash.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Digest { count: number(row.try_get(0)?)?, hash })
}
