//! From an event to a record.

use events::{Position, RecordedEvent};

use super::{CONTENT_TYPE, SPEC_VERSION, header};

/// A record of Kafka, before it has a partition and an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// What decides upon its partition: the stream.
    pub key: &'a str,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The event's data.
    pub value: &'a str,
}

/// The record of `event`, which follows the one at `previous` in the log that is named `source`.
#[must_use]
pub fn encode<'a>(event: &'a RecordedEvent, previous: Position, source: &str) -> Record<'a> {
    let metadata = &event.metadata;
    let stream = event.stream.as_str();
    let mut headers = vec![
        (header::CONTENT_TYPE, CONTENT_TYPE.to_owned()),
        (header::SPEC_VERSION, SPEC_VERSION.to_owned()),
        (header::ID, event.id.to_string()),
        (header::SOURCE, source.to_owned()),
        (header::TYPE, event.event_type.clone()),
        (header::SUBJECT, stream.to_owned()),
        (header::TIME, metadata.recorded_at.to_string()),
        (header::PARTITION_KEY, stream.to_owned()),
        (header::POSITION, event.position.to_string()),
        (header::PREVIOUS_POSITION, previous.to_string()),
        (header::REVISION, event.revision.to_string()),
        (header::SCHEMA_VERSION, event.schema_version.to_string()),
    ];
    // A type that cannot stand in a URI goes without.
    if event.event_type.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let schema = format!("urn:cinelog:schema:{}:{}", event.event_type, event.schema_version);
        headers.push((header::DATA_SCHEMA, schema));
    }
    let optional = [
        (header::ACTOR_ID, metadata.actor.map(|actor| actor.to_string())),
        (header::CORRELATION_ID, metadata.correlation_id.clone()),
        (header::CAUSATION_ID, metadata.causation_id.map(|cause| cause.to_string())),
        (header::TRACE_PARENT, metadata.traceparent.clone()),
        (header::IDEMPOTENCY_KEY, metadata.idempotency_key.clone()),
    ];
    headers.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    Record { key: stream, headers, value: event.data.get() }
}
