//! The rows of the inbox: inserted, read in the order of positions, deleted.

use event_log::{Arrival, Delivery, MAX_EVENT_BYTES};
use events::{AccountId, EventId, Metadata, Position, RecordedEvent, Revision, StreamName};
use jiff::Timestamp;
use serde_json::value::RawValue;
use sqlx::{PgConnection, Row, error::BoxDynError, postgres::PgRow};
use uuid::Uuid;

use super::{super::failure::store_error, chain::Waiting, partitions::integers};
use crate::{
    StoreError,
    stored::{integer, natural},
};

/// The most events on a page.
const PAGE_EVENTS_MAX: i64 = 4096;

/// Event data on a page, in bytes. The event that reaches this is the last one.
const PAGE_BYTES_MAX: i64 = 4 * MAX_EVENT_BYTES as i64;

/// A page of the events after a position, in the order of positions.
pub(super) async fn page(
    db: &mut PgConnection,
    after: Position,
) -> Result<Vec<Waiting>, StoreError> {
    const PAGE: &str = "SELECT previous, position, stream, revision, id, event_type, schema_version, \
            recorded_at, actor, correlation_id, causation_id, traceparent, idempotency_key, data \
        FROM (SELECT *, sum(bytes) OVER (ORDER BY position) - bytes AS before \
            FROM inbox WHERE position > $1 ORDER BY position LIMIT $2) AS event \
        WHERE before < $3 ORDER BY position";
    let query = sqlx::query(PAGE).bind(integer(after.0)?).bind(PAGE_EVENTS_MAX);
    let rows = query.bind(PAGE_BYTES_MAX).fetch_all(db).await.map_err(store_error)?;
    let damaged = |error: BoxDynError| StoreError::Damaged(format!("the inbox: {error}"));
    rows.iter().map(|row| waiting(row).map_err(damaged)).collect()
}

fn waiting(row: &PgRow) -> Result<Waiting, BoxDynError> {
    let previous = Position(natural(row.try_get(0)?)?);
    let event = RecordedEvent {
        position: Position(natural(row.try_get(1)?)?),
        stream: StreamName::new(row.try_get::<String, _>(2)?)?,
        revision: Revision(natural(row.try_get(3)?)?),
        id: EventId(row.try_get(4)?),
        event_type: row.try_get(5)?,
        schema_version: u32::try_from(row.try_get::<i64, _>(6)?)?,
        metadata: Metadata {
            recorded_at: Timestamp::from_microsecond(row.try_get(7)?)?,
            actor: row.try_get::<Option<Uuid>, _>(8)?.map(AccountId),
            correlation_id: row.try_get(9)?,
            causation_id: row.try_get::<Option<Uuid>, _>(10)?.map(EventId),
            traceparent: row.try_get(11)?,
            idempotency_key: row.try_get(12)?,
        },
        data: RawValue::from_string(row.try_get(13)?)?,
    };
    Ok(Waiting { event, previous })
}

/// A column of values for each parameter.
#[derive(Default)]
struct Columns<'a> {
    positions: Vec<i64>,
    previous: Vec<i64>,
    partitions: Vec<i32>,
    bytes: Vec<i32>,
    streams: Vec<&'a str>,
    revisions: Vec<i64>,
    ids: Vec<Uuid>,
    types: Vec<&'a str>,
    versions: Vec<i64>,
    recorded_at: Vec<i64>,
    actors: Vec<Option<Uuid>>,
    correlations: Vec<Option<&'a str>>,
    causations: Vec<Option<Uuid>>,
    traceparents: Vec<Option<&'a str>>,
    keys: Vec<Option<&'a str>>,
    data: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(deliveries: &'a [Delivery]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for delivery in deliveries {
            for arrival in &delivery.arrivals {
                columns.add(delivery.partition, arrival)?;
            }
        }
        Ok(columns)
    }

    fn add(&mut self, partition: i32, arrival: &'a Arrival) -> Result<(), StoreError> {
        let event = &arrival.event;
        let metadata = &event.metadata;
        self.positions.push(integer(event.position.0)?);
        self.previous.push(integer(arrival.previous.0)?);
        self.partitions.push(partition);
        // Larger ones were refused before.
        self.bytes.push(i32::try_from(event.data.get().len()).unwrap_or(i32::MAX));
        self.streams.push(event.stream.as_str());
        self.revisions.push(integer(event.revision.0)?);
        self.ids.push(event.id.0);
        self.types.push(&event.event_type);
        self.versions.push(i64::from(event.schema_version));
        self.recorded_at.push(metadata.recorded_at.as_microsecond());
        self.actors.push(metadata.actor.map(|actor| actor.0));
        self.correlations.push(metadata.correlation_id.as_deref());
        self.causations.push(metadata.causation_id.map(|cause| cause.0));
        self.traceparents.push(metadata.traceparent.as_deref());
        self.keys.push(metadata.idempotency_key.as_deref());
        self.data.push(event.data.get());
        Ok(())
    }
}

/// Inserts the events that are neither there nor folded in already; gives how many.
pub(super) async fn insert(
    db: &mut PgConnection,
    deliveries: &[Delivery],
) -> Result<u64, StoreError> {
    const INSERT: &str = "INSERT INTO inbox (position, previous, partition, bytes, stream, revision, id, \
            event_type, schema_version, recorded_at, actor, correlation_id, causation_id, traceparent, \
            idempotency_key, data) \
        SELECT e.* FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[], $5::text[], \
            $6::bigint[], $7::uuid[], $8::text[], $9::bigint[], $10::bigint[], $11::uuid[], $12::text[], \
            $13::uuid[], $14::text[], $15::text[], $16::text[]) AS e(position, previous, partition, bytes, \
            stream, revision, id, event_type, schema_version, recorded_at, actor, correlation_id, \
            causation_id, traceparent, idempotency_key, data) \
        WHERE e.position > (SELECT c.position FROM checkpoint AS c) \
        ORDER BY e.position ON CONFLICT (position) DO NOTHING";
    let columns = Columns::of(deliveries)?;
    if columns.positions.is_empty() {
        return Ok(0);
    }
    let query = sqlx::query(INSERT)
        .bind(columns.positions)
        .bind(columns.previous)
        .bind(columns.partitions)
        .bind(columns.bytes)
        .bind(columns.streams)
        .bind(columns.revisions)
        .bind(columns.ids)
        .bind(columns.types)
        .bind(columns.versions)
        .bind(columns.recorded_at)
        .bind(columns.actors)
        .bind(columns.correlations)
        .bind(columns.causations)
        .bind(columns.traceparents)
        .bind(columns.keys)
        .bind(columns.data);
    Ok(query.execute(db).await.map_err(store_error)?.rows_affected())
}

/// Deletes the events after one position and up to another.
pub(super) async fn discard(
    db: &mut PgConnection,
    after: Position,
    to: Position,
) -> Result<(), StoreError> {
    const DISCARD: &str = "DELETE FROM inbox WHERE position > $1 AND position <= $2";
    let query = sqlx::query(DISCARD).bind(integer(after.0)?).bind(integer(to.0)?);
    query.execute(db).await.map(drop).map_err(store_error)
}

/// Deletes the events at some positions, if they are beyond `head`; gives how many.
pub(super) async fn discard_beyond(
    db: &mut PgConnection,
    head: Position,
    positions: &[Position],
) -> Result<u64, StoreError> {
    const DISCARD: &str = "DELETE FROM inbox WHERE position > $1 AND position = ANY ($2)";
    let query = sqlx::query(DISCARD).bind(integer(head.0)?).bind(integers(positions)?);
    Ok(query.execute(db).await.map_err(store_error)?.rows_affected())
}
