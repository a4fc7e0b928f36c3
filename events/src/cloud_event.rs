//! The form in which outsiders see an event: a CloudEvent (CNCF CloudEvents 1.0.2, JSON format).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{AccountId, EventId, Position, RecordedEvent, Revision};

/// A recorded event as a CloudEvent. Attributes beyond the standard's (`revision`, `position`,
/// `actor`, …) are extension attributes, which the standard wants in lower case.
#[derive(Debug, Serialize)]
pub struct CloudEvent<'a> {
    specversion: &'static str,
    id: EventId,
    source: &'static str,
    #[serde(rename = "type")]
    event_type: &'a str,
    subject: &'a str,
    time: Timestamp,
    datacontenttype: &'static str,
    dataschema: String,
    revision: Revision,
    position: Position,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    data: &'a RawValue,
}

impl<'a> From<&'a RecordedEvent> for CloudEvent<'a> {
    fn from(event: &'a RecordedEvent) -> Self {
        Self {
            specversion: "1.0",
            id: event.id,
            source: "/v1",
            event_type: &event.event_type,
            subject: event.stream.as_str(),
            time: event.metadata.recorded_at,
            datacontenttype: "application/json",
            dataschema: format!("/v1/schemas/{}/{}", event.event_type, event.schema_version),
            revision: event.revision,
            position: event.position,
            actor: event.metadata.actor,
            correlationid: event.metadata.correlation_id.as_deref(),
            causationid: event.metadata.causation_id,
            traceparent: event.metadata.traceparent.as_deref(),
            data: &event.data,
        }
    }
}
