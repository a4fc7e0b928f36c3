//! How a row of SQLite's reads as an event.

use events::{AccountId, EventId, Metadata, Position, RecordedEvent, Revision, StreamName};
use jiff::Timestamp;
use serde_json::value::RawValue;
use sqlx::{Row, error::BoxDynError, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{LogError, sql::number};

/// Reads a row of [`columns`](crate::sql::columns).
///
/// # Errors
/// [`LogError::Damaged`] where it holds what this program cannot have written.
pub(super) fn event(row: &SqliteRow) -> Result<RecordedEvent, LogError> {
    let damaged =
        |position, reason: BoxDynError| LogError::Damaged { position, reason: reason.to_string() };
    let position = row.try_get(0).and_then(number).map_err(|e| damaged(None, e.into()))?;
    let position = Position(position);
    fields(row, position).map_err(|reason| damaged(Some(position), reason))
}

fn fields(row: &SqliteRow, position: Position) -> Result<RecordedEvent, BoxDynError> {
    Ok(RecordedEvent {
        position,
        stream: StreamName::new(row.try_get::<String, _>(1)?)?,
        revision: Revision(number(row.try_get(2)?)?),
        id: EventId(row.try_get(3)?),
        event_type: row.try_get(4)?,
        schema_version: row.try_get(5)?,
        metadata: Metadata {
            recorded_at: Timestamp::from_microsecond(row.try_get(6)?)?,
            actor: row.try_get::<Option<Uuid>, _>(7)?.map(AccountId),
            correlation_id: row.try_get(8)?,
            causation_id: row.try_get::<Option<Uuid>, _>(9)?.map(EventId),
            traceparent: row.try_get(10)?,
            idempotency_key: row.try_get(11)?,
        },
        data: RawValue::from_string(row.try_get(12)?)?,
    })
}
