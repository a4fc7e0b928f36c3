//! How far partitions were read, what waits of each, and what was refused.

use event_log::{Delivery, Refused};
use events::Position;
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::failure::store_error;
use crate::{
    StoreError,
    stored::{integer, natural},
};

/// How many refused records are kept of each partition: the last ones.
const REFUSED_KEPT: i64 = 64;

/// The longest reason that is kept, in characters.
const REASON_MAX: usize = 300;

/// How far a partition was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Which.
    pub partition: i32,
    /// The offset of the first record that was not read.
    pub next: i64,
    /// The last event that came of it.
    pub position: Position,
}

/// What waits of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub partition: i32,
    /// Events.
    pub events: u64,
    /// Bytes of their data.
    pub bytes: u64,
}

pub(super) async fn name(db: &mut PgConnection) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT name FROM inbox_name").fetch_one(db).await.map_err(store_error)
}

pub(super) async fn reached(
    db: &mut PgConnection,
    topic: &str,
    partitions: &[i32],
) -> Result<Vec<Reached>, StoreError> {
    const REACHED: &str = "SELECT partition, next, position FROM inbox_partition \
        WHERE topic = $1 AND partition = ANY ($2) ORDER BY partition";
    let query = sqlx::query_as(REACHED).bind(topic).bind(partitions);
    let rows: Vec<(i32, i64, i64)> = query.fetch_all(db).await.map_err(store_error)?;
    let reached = rows.into_iter().map(|(partition, next, position)| {
        Ok(Reached { partition, next, position: Position(natural(position)?) })
    });
    reached.collect()
}

pub(super) async fn place(
    db: &mut PgConnection,
    topic: &str,
    partition: i32,
    from: Option<i64>,
    to: i64,
) -> Result<bool, StoreError> {
    const FIRST: &str = "INSERT INTO inbox_partition (topic, partition, next, position) \
        VALUES ($1, $2, $3, 0) ON CONFLICT (topic, partition) DO NOTHING";
    const MOVE: &str = "UPDATE inbox_partition SET next = $3 \
        WHERE topic = $1 AND partition = $2 AND next = $4";
    let query = match from {
        None => sqlx::query(FIRST).bind(topic).bind(partition).bind(to),
        Some(from) => sqlx::query(MOVE).bind(topic).bind(partition).bind(to).bind(from),
    };
    Ok(query.execute(db).await.map_err(store_error)?.rows_affected() == 1)
}

/// Moves partitions on, each from where its reader found it; gives whether all of them were there.
pub(super) async fn advance(
    db: &mut PgConnection,
    topic: &str,
    deliveries: &[Delivery],
) -> Result<bool, StoreError> {
    // Rows are locked in one order, so that two readers never wait for each other.
    const ADVANCE: &str = "WITH moving AS ( \
            SELECT p.partition, d.next, d.position FROM inbox_partition AS p \
            JOIN unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bigint[]) \
                AS d(partition, was, next, position) ON d.partition = p.partition \
            WHERE p.topic = $1 AND p.next = d.was ORDER BY p.partition FOR UPDATE OF p) \
        UPDATE inbox_partition AS p \
        SET next = m.next, position = CASE m.position WHEN 0 THEN p.position ELSE m.position END \
        FROM moving AS m WHERE p.topic = $1 AND p.partition = m.partition";
    let last = |delivery: &Delivery| {
        let last = delivery.arrivals.last();
        integer(last.map_or(Position::START, |arrival| arrival.event.position).0)
    };
    let positions: Vec<i64> = deliveries.iter().map(last).collect::<Result<_, _>>()?;
    let column = |of: fn(&Delivery) -> i64| deliveries.iter().map(of).collect::<Vec<i64>>();
    let query = sqlx::query(ADVANCE)
        .bind(topic)
        .bind(deliveries.iter().map(|delivery| delivery.partition).collect::<Vec<i32>>())
        .bind(column(|delivery| delivery.from))
        .bind(column(|delivery| delivery.next))
        .bind(positions);
    let moved = query.execute(db).await.map_err(store_error)?.rows_affected();
    Ok(moved == deliveries.len() as u64)
}

/// Notes the records that were refused, in the place of earlier ones.
pub(super) async fn refuse(
    db: &mut PgConnection,
    topic: &str,
    deliveries: &[Delivery],
) -> Result<(), StoreError> {
    const REFUSE: &str = "INSERT INTO inbox_refused (topic, partition, slot, record_offset, reason) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (topic, partition, slot) \
        DO UPDATE SET record_offset = excluded.record_offset, reason = excluded.reason";
    for Delivery { partition, refused, .. } in deliveries {
        let kept = usize::try_from(REFUSED_KEPT).unwrap_or_default();
        for Refused { offset, reason } in refused.iter().skip(refused.len().saturating_sub(kept)) {
            let slot = i16::try_from(offset.rem_euclid(REFUSED_KEPT)).unwrap_or_default();
            let reason: String =
                reason.chars().filter(|&letter| letter != '\0').take(REASON_MAX).collect();
            let query = sqlx::query(REFUSE).bind(topic).bind(partition).bind(slot);
            let query = query.bind(offset).bind(reason).execute(&mut *db);
            query.await.map_err(store_error)?;
        }
    }
    Ok(())
}

pub(super) async fn refused(
    db: &mut PgConnection,
    topic: &str,
) -> Result<Vec<(i32, i64, String)>, StoreError> {
    const REFUSED: &str = "SELECT partition, record_offset, reason FROM inbox_refused \
        WHERE topic = $1 ORDER BY partition, record_offset";
    sqlx::query_as(REFUSED).bind(topic).fetch_all(db).await.map_err(store_error)
}

pub(super) async fn held(db: &mut PgConnection) -> Result<Vec<Held>, StoreError> {
    const HELD: &str = "SELECT partition, count(*), sum(bytes)::bigint FROM inbox \
        WHERE position > (SELECT c.position FROM checkpoint AS c) GROUP BY partition ORDER BY partition";
    let rows: Vec<(i32, i64, i64)> =
        sqlx::query_as(HELD).fetch_all(db).await.map_err(store_error)?;
    let held = rows.into_iter().map(|(partition, events, bytes)| {
        Ok(Held { partition, events: natural(events)?, bytes: natural(bytes)? })
    });
    held.collect()
}

pub(super) async fn frontier(db: &mut PgConnection) -> Result<Option<Position>, StoreError> {
    const FRONTIER: &str = "SELECT max(position) FROM inbox_partition";
    let frontier: Option<i64> =
        sqlx::query_scalar(FRONTIER).fetch_one(db).await.map_err(store_error)?;
    frontier.map(|position| Ok(Position(natural(position)?))).transpose()
}

/// Positions beyond `head` of what waits, or came last of a partition; at most so many.
pub(super) async fn beyond(
    db: &mut PgConnection,
    head: Position,
    most: i64,
) -> Result<Vec<Position>, StoreError> {
    const BEYOND: &str = "SELECT position FROM inbox WHERE position > $1 \
        UNION SELECT position FROM inbox_partition WHERE position > $1 LIMIT $2";
    let query = sqlx::query_scalar(BEYOND).bind(integer(head.0)?).bind(most);
    let beyond: Vec<i64> = query.fetch_all(db).await.map_err(store_error)?;
    beyond.into_iter().map(|position| Ok(Position(natural(position)?))).collect()
}

/// Says of partitions of which something beyond `head` came last, at one of some positions, that nothing has
/// come of them.
pub(super) async fn set_back(
    db: &mut PgConnection,
    head: Position,
    positions: &[Position],
) -> Result<(), StoreError> {
    // Rows are locked in the order of `advance`.
    const SET_BACK: &str = "WITH claiming AS ( \
            SELECT topic, partition FROM inbox_partition \
            WHERE position > $1 AND position = ANY ($2) ORDER BY topic, partition FOR UPDATE) \
        UPDATE inbox_partition AS p SET position = 0 FROM claiming AS c \
        WHERE p.topic = c.topic AND p.partition = c.partition";
    let query = sqlx::query(SET_BACK).bind(integer(head.0)?).bind(integers(positions)?);
    query.execute(db).await.map(drop).map_err(store_error)
}

/// Positions as this store has them.
pub(super) fn integers(positions: &[Position]) -> Result<Vec<i64>, StoreError> {
    positions.iter().map(|position| integer(position.0)).collect()
}
