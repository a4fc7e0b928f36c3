//! Reading: streams, the whole log, its head.

use events::{Position, RecordedEvent, Revision, StreamName};
use sqlx::postgres::PgRow;

use super::{readers::Readers, row};
use crate::{
    Direction, LogError,
    sql::{at_most_i64, columns, limit_of, number},
    subscription::{PAGE, Page},
};

pub(super) const HEAD: &str = "SELECT coalesce(max(position), 0) FROM cinelog_log.event";

/// A stream from revision `from` on, oldest first.
pub(super) async fn stream(
    readers: &Readers,
    stream: &StreamName,
    from: Revision,
    limit: usize,
) -> Result<Vec<RecordedEvent>, LogError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM cinelog_log.event WHERE stream = $1 AND revision >= $2 ORDER BY revision LIMIT $3"
    );
    let rows = readers.read(|mut reader| async move {
        let query = sqlx::query(SQL).bind(stream.as_str()).bind(at_most_i64(from.0));
        query.bind(limit_of(limit)).fetch_all(&mut *reader).await
    });
    events(&rows.await?)
}

/// The whole log from `from` (excluded), in either direction.
pub(super) async fn all(
    readers: &Readers,
    from: Position,
    direction: Direction,
    limit: usize,
) -> Result<Vec<RecordedEvent>, LogError> {
    let sql = match direction {
        Direction::Forwards => concat!(
            "SELECT ",
            columns!(),
            " FROM cinelog_log.event WHERE position > $1 ORDER BY position LIMIT $2"
        ),
        Direction::Backwards => concat!(
            "SELECT ",
            columns!(),
            " FROM cinelog_log.event WHERE position < $1 ORDER BY position DESC LIMIT $2"
        ),
    };
    let rows = readers.read(|mut reader| async move {
        let query = sqlx::query(sql).bind(at_most_i64(from.0)).bind(limit_of(limit));
        query.fetch_all(&mut *reader).await
    });
    events(&rows.await?)
}

/// A page of the log after `from`, which may be shorter than what the log has.
///
/// The server counts the bytes, so that it sends no more than the page; the data of what is beyond is
/// not even read.
pub(super) async fn page(readers: &Readers, from: Position) -> Result<Page, LogError> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM (SELECT *, sum(octet_length(data)) OVER (ORDER BY position) - octet_length(data) AS before
                FROM cinelog_log.event WHERE position > $1 ORDER BY position LIMIT $2) AS event
          WHERE before < $3 ORDER BY position"
    );
    let rows = readers.read(|mut reader| async move {
        let query = sqlx::query(SQL).bind(at_most_i64(from.0)).bind(limit_of(PAGE.events_max));
        query.bind(limit_of(PAGE.bytes_max)).fetch_all(&mut *reader).await
    });
    let events = events(&rows.await?)?;
    let bytes: usize = events.iter().map(|event| event.data.get().len()).sum();
    let is_full = events.len() >= PAGE.events_max || bytes >= PAGE.bytes_max;
    Ok(Page { events, is_full })
}

/// The position of the last event.
pub(super) async fn head(readers: &Readers) -> Result<Position, LogError> {
    let head = readers.read(|mut reader| async move {
        sqlx::query_scalar(HEAD).fetch_one(&mut *reader).await.and_then(number)
    });
    head.await.map(Position)
}

fn events(rows: &[PgRow]) -> Result<Vec<RecordedEvent>, LogError> {
    rows.iter().map(row::event).collect()
}
