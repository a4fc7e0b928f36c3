//! What stands around an event's data: who, when, why, and where in the log.

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::{AccountId, Event, EventId, Position, Revision, StreamName};

/// The circumstances of an event, the same for all events of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// When the command was accepted.
    pub recorded_at: Timestamp,
    /// Who gave the command; `None` for Cinelog itself, as in an import.
    pub actor: Option<AccountId>,
    /// What all events of one request share: the request id.
    pub correlation_id: Option<String>,
    /// The event that this one follows from.
    pub causation_id: Option<EventId>,
    /// The W3C Trace Context of the request.
    pub traceparent: Option<String>,
    /// The client's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

impl Metadata {
    /// Circumstances of which only the time is known.
    #[must_use]
    pub fn at(recorded_at: Timestamp) -> Self {
        Self {
            recorded_at,
            actor: None,
            correlation_id: None,
            causation_id: None,
            traceparent: None,
            idempotency_key: None,
        }
    }
}

/// An event that is to be appended. Its data is already in the stored form.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Unique in the log; the same id again is a retry.
    pub id: EventId,
    /// The type's name, such as `MovieCreated`.
    pub event_type: String,
    /// The schema version of `data`, from 1.
    pub schema_version: u32,
    /// Who, when and why.
    pub metadata: Metadata,
    /// The fact itself, as JSON.
    pub data: Box<RawValue>,
}

impl NewEvent {
    /// Writes `event` in its current version.
    ///
    /// # Errors
    /// None for the events of this crate; see [`Event::to_data`].
    pub fn encode(
        id: EventId,
        event: &Event,
        metadata: Metadata,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id,
            event_type: event.event_type().to_owned(),
            schema_version: event.schema_version(),
            metadata,
            data: event.to_data()?,
        })
    }
}

/// An event as the log holds it.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its place in the whole log.
    pub position: Position,
    /// The stream it belongs to.
    pub stream: StreamName,
    /// Its place in that stream.
    pub revision: Revision,
    /// Unique in the log.
    pub id: EventId,
    /// The type's name, such as `MovieCreated`.
    pub event_type: String,
    /// The schema version of `data`, from 1.
    pub schema_version: u32,
    /// Who, when and why.
    pub metadata: Metadata,
    /// The fact itself, as JSON of that version.
    pub data: Box<RawValue>,
}
