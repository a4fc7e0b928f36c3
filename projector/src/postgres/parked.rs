//! Parked streams: which there are, and which somebody wants to be tried again.

use events::{Position, StreamName};
use read_model::Changes;
use sqlx::PgConnection;

use super::failure::{expect_rows, store_error};
use crate::{
    StoreError,
    port::ParkedStream,
    stored::{self, ParkedRow, integer, natural},
};

pub(super) async fn count(db: &mut PgConnection) -> Result<u64, StoreError> {
    let query = sqlx::query_scalar("SELECT count(*) FROM parked_stream");
    natural(query.fetch_one(db).await.map_err(store_error)?)
}

pub(super) async fn list(
    db: &mut PgConnection,
    after: Position,
    limit: u32,
) -> Result<Vec<ParkedStream>, StoreError> {
    const LIST: &str = "SELECT stream, position, reason, retry, \
        (SELECT count(*) FROM parked_event AS e WHERE e.stream = s.stream) AS events \
        FROM parked_stream AS s WHERE position > $1 ORDER BY position LIMIT $2";
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    let query = sqlx::query_as(LIST).bind(after).bind(i64::from(limit));
    let rows: Vec<ParkedRow> = query.fetch_all(db).await.map_err(store_error)?;
    rows.into_iter().map(stored::parked).collect()
}

pub(super) async fn find(
    db: &mut PgConnection,
    name: &str,
) -> Result<Option<ParkedStream>, StoreError> {
    const FIND: &str = "SELECT stream, position, reason, retry, \
        (SELECT count(*) FROM parked_event AS e WHERE e.stream = s.stream) AS events \
        FROM parked_stream AS s WHERE stream = $1";
    let query = sqlx::query_as(FIND).bind(name);
    let row: Option<ParkedRow> = query.fetch_optional(db).await.map_err(store_error)?;
    row.map(stored::parked).transpose()
}

pub(super) async fn ask_retry(
    db: &mut PgConnection,
    stream: Option<&str>,
) -> Result<u64, StoreError> {
    const ASK: &str = "UPDATE parked_stream SET retry = true WHERE $1::text IS NULL OR stream = $1";
    let asked = sqlx::query(ASK).bind(stream).execute(db).await;
    Ok(asked.map_err(store_error)?.rows_affected())
}

pub(super) async fn asked(
    db: &mut PgConnection,
    limit: u32,
) -> Result<Vec<StreamName>, StoreError> {
    const ASKED: &str = "SELECT stream FROM parked_stream WHERE retry ORDER BY position LIMIT $1";
    let query = sqlx::query_scalar::<_, String>(ASKED).bind(i64::from(limit));
    let names = query.fetch_all(db).await.map_err(store_error)?;
    names.into_iter().map(stored::stream).collect()
}

/// Takes the mark from a stream, for whoever has the lead with `epoch`.
pub(super) async fn refuse_retry(
    db: &mut PgConnection,
    stream: &StreamName,
    epoch: i64,
) -> Result<(), StoreError> {
    const REFUSE: &str = "WITH mine AS ( \
            SELECT one FROM leader WHERE one = 1 AND epoch = $2 FOR SHARE), \
        refused AS ( \
            UPDATE parked_stream SET retry = false WHERE stream = $1 AND EXISTS (SELECT FROM mine)) \
        SELECT count(*) FROM mine";
    let query = sqlx::query_scalar(REFUSE).bind(stream.as_str()).bind(epoch);
    let leaders: i64 = query.fetch_one(db).await.map_err(store_error)?;
    if leaders == 1 { Ok(()) } else { Err(StoreError::Deposed) }
}

pub(super) async fn poison_position(
    db: &mut PgConnection,
    stream: &StreamName,
) -> Result<Option<Position>, StoreError> {
    // Locked: whoever asks for it to be tried again waits until it has been.
    const FIND: &str = "SELECT position FROM parked_stream WHERE stream = $1 FOR UPDATE";
    let query = sqlx::query_scalar(FIND).bind(stream.as_str());
    let position: Option<i64> = query.fetch_optional(db).await.map_err(store_error)?;
    position.map(|position| Ok(Position(natural(position)?))).transpose()
}

pub(super) async fn refuse(
    db: &mut PgConnection,
    stream: &StreamName,
    reason: &str,
) -> Result<(), StoreError> {
    const REFUSE: &str = "UPDATE parked_stream SET retry = false, reason = $1 WHERE stream = $2";
    let done = sqlx::query(REFUSE).bind(reason).bind(stream.as_str()).execute(db).await;
    expect_rows("refusing a stream", &done.map_err(store_error)?, 1)
}

pub(super) async fn forget(db: &mut PgConnection, stream: &StreamName) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM parked_event WHERE stream = $1",
        "DELETE FROM parked_stream WHERE stream = $1",
    ] {
        let done = sqlx::query(statement).bind(stream.as_str()).execute(&mut *db).await;
        done.map_err(store_error)?;
    }
    Ok(())
}

/// Sets aside what a batch could not fold in.
pub(super) async fn park(db: &mut PgConnection, changes: &Changes) -> Result<(), StoreError> {
    const STREAMS: &str = "INSERT INTO parked_stream (stream, position, reason) \
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])";
    const EVENTS: &str = "INSERT INTO parked_event (position, stream) \
        SELECT * FROM unnest($1::bigint[], $2::text[])";
    if !changes.poison.is_empty() {
        let streams: Vec<_> = changes.poison.iter().map(|poison| poison.stream.as_str()).collect();
        let positions = positions(changes.poison.iter().map(|poison| poison.position))?;
        let reasons: Vec<String> = (changes.poison.iter())
            .map(|poison| super::movies::storable(&poison.reason.to_string()))
            .collect();
        let query = sqlx::query(STREAMS).bind(streams).bind(positions).bind(reasons);
        let done = query.execute(&mut *db).await.map_err(store_error)?;
        expect_rows("parking streams", &done, changes.poison.len())?;
    }
    if !changes.parked.is_empty() {
        let streams: Vec<_> = changes.parked.iter().map(|(_, stream)| stream.as_str()).collect();
        let positions = positions(changes.parked.iter().map(|(position, _)| *position))?;
        let query = sqlx::query(EVENTS).bind(positions).bind(streams);
        let done = query.execute(db).await.map_err(store_error)?;
        expect_rows("parking events", &done, changes.parked.len())?;
    }
    Ok(())
}

fn positions(positions: impl Iterator<Item = Position>) -> Result<Vec<i64>, StoreError> {
    positions.map(|position| integer(position.0)).collect()
}
