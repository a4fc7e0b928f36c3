//! An event as the server keeps it: the fact is its data, byte for byte, and what stands around it is
//! its metadata, as JSON. Correlation and causation have the names that the server's own projections
//! know.

use bytes::Bytes;
use events::{AccountId, EventId, Metadata, NewEvent, Position, RecordedEvent};
use eventstore::{EventData, ResolvedEvent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{names::Names, revision};
use crate::LogError;

/// What the server has instead of a position where it does not know one.
const NO_POSITION: u64 = u64::MAX;

/// The metadata, as stored.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    schema_version: u32,
    /// Microseconds since 1970.
    recorded_at_us: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<AccountId>,
    #[serde(rename = "$correlationId", skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(rename = "$causationId", skip_serializing_if = "Option::is_none")]
    causation_id: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
}

/// The form in which an event is sent.
pub(super) fn proposed(event: &NewEvent) -> Result<EventData, LogError> {
    let metadata = &event.metadata;
    let envelope = Envelope {
        schema_version: event.schema_version,
        recorded_at_us: metadata.recorded_at.as_microsecond(),
        actor: metadata.actor,
        correlation_id: metadata.correlation_id.clone(),
        causation_id: metadata.causation_id,
        traceparent: metadata.traceparent.clone(),
        idempotency_key: metadata.idempotency_key.clone(),
    };
    data(&event.event_type, event.id.0, &event.data, Some(&envelope))
}

/// JSON in the form in which it is sent.
pub(super) fn data(
    event_type: &str,
    id: uuid::Uuid,
    data: &impl Serialize,
    metadata: Option<&impl Serialize>,
) -> Result<EventData, LogError> {
    let unwritable = |error: serde_json::Error| damaged(None, error.to_string());
    let event = EventData::json(event_type, data).map_err(unwritable)?.id(id);
    match metadata {
        Some(metadata) => event.metadata_as_json(metadata).map_err(unwritable),
        None => Ok(event),
    }
}

/// Where an event stands, whatever it is.
pub(super) fn position(event: &eventstore::RecordedEvent) -> Result<Position, LogError> {
    match event.position.commit {
        NO_POSITION => Err(damaged(
            None,
            "the server does not say where an event is; it is older than this Cinelog needs"
                .to_owned(),
        )),
        commit => Ok(Position(commit)),
    }
}

/// An event of this log as it was recorded.
///
/// # Errors
/// [`LogError::Damaged`] where no Cinelog can have written it.
pub(super) fn recorded(names: &Names, resolved: ResolvedEvent) -> Result<RecordedEvent, LogError> {
    let event =
        resolved.event.ok_or_else(|| damaged(None, "an event has no content".to_owned()))?;
    let position = position(&event)?;
    let at = |reason: String| damaged(Some(position), reason);
    let stream = names
        .logical(event.stream_id())
        .ok_or_else(|| at(format!("it is in {}, another log's", event.stream_id())))?;
    let envelope: Envelope = serde_json::from_slice(&event.custom_metadata)
        .map_err(|error| at(format!("its metadata cannot be read: {error}")))?;
    let recorded_at = Timestamp::from_microsecond(envelope.recorded_at_us)
        .map_err(|error| at(format!("its time cannot be read: {error}")))?;
    Ok(RecordedEvent {
        position,
        stream,
        revision: revision(event.revision),
        id: EventId(event.id),
        event_type: event.event_type,
        schema_version: envelope.schema_version,
        metadata: Metadata {
            recorded_at,
            actor: envelope.actor,
            correlation_id: envelope.correlation_id,
            causation_id: envelope.causation_id,
            traceparent: envelope.traceparent,
            idempotency_key: envelope.idempotency_key,
        },
        data: raw(&event.data).ok_or_else(|| at("its data is no JSON".to_owned()))?,
    })
}

/// JSON as it stands, whitespace around it included.
fn raw(data: &Bytes) -> Option<Box<RawValue>> {
    let text = std::str::from_utf8(data).ok()?;
    RawValue::from_string(text.to_owned()).ok()
}

fn damaged(position: Option<Position>, reason: String) -> LogError {
    LogError::Damaged { position, reason }
}
