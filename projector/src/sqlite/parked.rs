//! Parked streams: which there are, and which somebody wants to be tried again.

use events::{Position, StreamName};
use sqlx::{SqliteConnection, SqlitePool};

use super::failure::store_error;
use crate::{
    StoreError,
    port::ParkedStream,
    stored::{self, ParkedRow, natural},
};

pub(super) async fn count(db: &SqlitePool) -> Result<u64, StoreError> {
    let query = sqlx::query_scalar("SELECT count(*) FROM parked_stream");
    natural(query.fetch_one(db).await.map_err(store_error)?)
}

pub(super) async fn list(
    db: &SqlitePool,
    after: Position,
    limit: u32,
) -> Result<Vec<ParkedStream>, StoreError> {
    const LIST: &str = "SELECT stream, position, reason, retry, \
        (SELECT count(*) FROM parked_event AS e WHERE e.stream = s.stream) AS events \
        FROM parked_stream AS s WHERE position > ? ORDER BY position LIMIT ?";
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    let query = sqlx::query_as(LIST).bind(after).bind(limit);
    let rows: Vec<ParkedRow> = query.fetch_all(db).await.map_err(store_error)?;
    rows.into_iter().map(stored::parked).collect()
}

pub(super) async fn find(db: &SqlitePool, name: &str) -> Result<Option<ParkedStream>, StoreError> {
    const FIND: &str = "SELECT stream, position, reason, retry, \
        (SELECT count(*) FROM parked_event AS e WHERE e.stream = s.stream) AS events \
        FROM parked_stream AS s WHERE stream = ?";
    let query = sqlx::query_as(FIND).bind(name);
    let row: Option<ParkedRow> = query.fetch_optional(db).await.map_err(store_error)?;
    row.map(stored::parked).transpose()
}

pub(super) async fn ask_retry(db: &SqlitePool, stream: Option<&str>) -> Result<u64, StoreError> {
    const ASK: &str = "UPDATE parked_stream SET retry = 1 WHERE ?1 IS NULL OR stream = ?1";
    let asked = sqlx::query(ASK).bind(stream).execute(db).await;
    Ok(asked.map_err(store_error)?.rows_affected())
}

pub(super) async fn asked(db: &SqlitePool, limit: u32) -> Result<Vec<StreamName>, StoreError> {
    const ASKED: &str =
        "SELECT stream FROM parked_stream WHERE retry = 1 ORDER BY position LIMIT ?";
    let query = sqlx::query_scalar::<_, String>(ASKED).bind(limit);
    let names = query.fetch_all(db).await.map_err(store_error)?;
    names.into_iter().map(stored::stream).collect()
}

pub(super) async fn refuse_retry(db: &SqlitePool, stream: &StreamName) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE parked_stream SET retry = 0 WHERE stream = ?");
    let done = query.bind(stream.as_str()).execute(db).await;
    done.map(drop).map_err(store_error)
}

pub(super) async fn poison_position(
    db: &mut SqliteConnection,
    stream: &StreamName,
) -> Result<Option<Position>, StoreError> {
    let query = sqlx::query_scalar("SELECT position FROM parked_stream WHERE stream = ?");
    let position: Option<i64> =
        query.bind(stream.as_str()).fetch_optional(db).await.map_err(store_error)?;
    position.map(|position| Ok(Position(natural(position)?))).transpose()
}

pub(super) async fn refuse(
    db: &mut SqliteConnection,
    stream: &StreamName,
    reason: &str,
) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE parked_stream SET retry = 0, reason = ? WHERE stream = ?");
    let done = query.bind(reason).bind(stream.as_str()).execute(db).await;
    done.map(drop).map_err(store_error)
}

pub(super) async fn forget(
    db: &mut SqliteConnection,
    stream: &StreamName,
) -> Result<(), StoreError> {
    for statement in
        ["DELETE FROM parked_event WHERE stream = ?", "DELETE FROM parked_stream WHERE stream = ?"]
    {
        let done = sqlx::query(statement).bind(stream.as_str()).execute(&mut *db).await;
        done.map_err(store_error)?;
    }
    Ok(())
}
