//! What the tests append, and short ways to do so, whatever the store.

// Each test binary uses its part of this.
#![allow(dead_code, clippy::allow_attributes, reason = "shared by several test binaries")]

use event_log::{Append, AppendError, Appended, Direction, EventLog, Expected, LogError};
use events::{EventId, Metadata, NewEvent, Position, RecordedEvent, StreamName};
use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

/// An event with an id of its own and so many bytes of data.
pub(crate) fn event(id: u128, bytes: usize) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(id)),
        event_type: "SomethingHappened".to_owned(),
        schema_version: 1,
        metadata: Metadata::at(Timestamp::UNIX_EPOCH),
        data: RawValue::from_string(format!("\"{}\"", "x".repeat(bytes))).unwrap(),
    }
}

pub(crate) fn append_of(event: NewEvent) -> Append {
    Append::new(StreamName::new("movie-1").unwrap(), Expected::Any, vec![event])
}

pub(crate) async fn append(log: &dyn EventLog, id: u128) -> Result<Appended, AppendError> {
    log.append(append_of(event(id, 10))).await
}

#[track_caller]
pub(crate) fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, AppendError>) {
    assert!(matches!(result, Err(AppendError::Log(LogError::Unavailable(_)))), "{result:?}");
}

#[track_caller]
pub(crate) fn assert_damaged<T: std::fmt::Debug>(result: Result<T, LogError>) {
    assert!(matches!(result, Err(LogError::Damaged { position: None, .. })), "{result:?}");
}

pub(crate) async fn everything(log: &dyn EventLog) -> Vec<RecordedEvent> {
    log.read_all(Position::START, Direction::Forwards, usize::MAX).await.unwrap()
}

pub(crate) fn ids(events: &[RecordedEvent]) -> Vec<u128> {
    events.iter().map(|event| event.id.0.as_u128()).collect()
}
