//! Reading: streams, the whole log, its head.
//!
//! The plus in `LIMIT +?` keeps SQLite from planning for the value that is bound: it would prepare the
//! statement anew whenever another is, and that takes longer than to run it.

use events::{Position, RecordedEvent, Revision, StreamName};
use futures::TryStreamExt;
use sqlx::{SqlitePool, sqlite::SqliteRow};

use super::{failure::log_error, row};
use crate::{
    Direction, LogError,
    sql::{at_most_i64, columns, limit_of, number},
    subscription::{PAGE, Page},
};

/// A stream from revision `from` on, oldest first.
pub(super) async fn stream(
    readers: &SqlitePool,
    stream: &StreamName,
    from: Revision,
    limit: usize,
) -> Result<Vec<RecordedEvent>, LogError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM event WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT +?"
    ))
    .bind(stream.as_str())
    .bind(at_most_i64(from.0))
    .bind(limit_of(limit))
    .fetch_all(readers)
    .await;
    events(rows)
}

/// The whole log from `from` (excluded), in either direction.
pub(super) async fn all(
    readers: &SqlitePool,
    from: Position,
    direction: Direction,
    limit: usize,
) -> Result<Vec<RecordedEvent>, LogError> {
    let sql = match direction {
        Direction::Forwards => AFTER,
        Direction::Backwards => concat!(
            "SELECT ",
            columns!(),
            " FROM event WHERE position < ? ORDER BY position DESC LIMIT +?"
        ),
    };
    let rows =
        sqlx::query(sql).bind(at_most_i64(from.0)).bind(limit_of(limit)).fetch_all(readers).await;
    events(rows)
}

/// A page of the log after `from`, which may be shorter than what the log has.
pub(super) async fn page(readers: SqlitePool, from: Position) -> Result<Page, LogError> {
    let mut rows = sqlx::query(AFTER)
        .bind(at_most_i64(from.0))
        .bind(limit_of(PAGE.events_max))
        .fetch(&readers);
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await.map_err(log_error)? {
        let event = row::event(&row)?;
        bytes += event.data.get().len();
        events.push(event);
        if bytes >= PAGE.bytes_max {
            break;
        }
    }
    let is_full = events.len() >= PAGE.events_max || bytes >= PAGE.bytes_max;
    Ok(Page { events, is_full })
}

/// The position of the last event.
pub(super) async fn head(readers: &SqlitePool) -> Result<Position, LogError> {
    sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM event")
        .fetch_one(readers)
        .await
        .and_then(number)
        .map(Position)
        .map_err(log_error)
}

const AFTER: &str =
    concat!("SELECT ", columns!(), " FROM event WHERE position > ? ORDER BY position LIMIT +?");

fn events(rows: Result<Vec<SqliteRow>, sqlx::Error>) -> Result<Vec<RecordedEvent>, LogError> {
    rows.map_err(log_error)?.iter().map(row::event).collect()
}
