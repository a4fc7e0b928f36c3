//! What the tests append, and short ways to do so.

use std::sync::atomic::{AtomicU64, Ordering};

use events::{EventId, Metadata, NewEvent, Position, RecordedEvent, Revision, StreamName};
use futures::StreamExt;
use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Append, AppendError, Appended, Direction, EventBatches, EventLog, Expected};

/// When everything happens, unless a test says otherwise.
pub(super) const NOON: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub(super) fn stream(name: &str) -> StreamName {
    StreamName::new(name).unwrap()
}

/// An event like no other.
pub(super) fn event() -> NewEvent {
    static LAST: AtomicU64 = AtomicU64::new(0);
    event_with_id(LAST.fetch_add(1, Ordering::Relaxed).into())
}

/// An event whose id the test chooses; chosen ids and those of [`event`] must not meet in one log.
pub(super) fn event_with_id(id: u128) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(id)),
        event_type: "SomethingHappened".to_owned(),
        schema_version: 1,
        metadata: Metadata::at(NOON),
        data: json("{}"),
    }
}

pub(super) fn events(count: usize) -> Vec<NewEvent> {
    std::iter::repeat_with(event).take(count).collect()
}

pub(super) fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// A JSON text of exactly that many bytes.
pub(super) fn data_of(bytes: usize) -> Box<RawValue> {
    json(&format!("\"{}\"", "x".repeat(bytes - 2)))
}

/// Appends new events, as many as told, to wherever the stream ends.
pub(super) async fn add(log: &dyn EventLog, name: &str, count: usize) -> Appended {
    append(log, name, Expected::Any, events(count)).await.unwrap()
}

pub(super) async fn append(
    log: &dyn EventLog,
    name: &str,
    expected: Expected,
    events: Vec<NewEvent>,
) -> Result<Appended, AppendError> {
    log.append(Append::new(stream(name), expected, events)).await
}

pub(super) fn appended(revision: u64, position: u64) -> Appended {
    Appended { revision: Revision(revision), position: Position(position) }
}

/// The actual revision that a conflict tells.
#[track_caller]
pub(super) fn conflict(result: Result<Appended, AppendError>) -> Revision {
    match result {
        Err(AppendError::Conflict { actual }) => actual,
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

/// The id of the event that is in the log already.
#[track_caller]
pub(super) fn duplicate(result: Result<Appended, AppendError>) -> EventId {
    match result {
        Err(AppendError::DuplicateEvent(id)) => id,
        other => panic!("a duplicate event was expected, not {other:?}"),
    }
}

/// The whole log.
pub(super) async fn everything(log: &dyn EventLog) -> Vec<RecordedEvent> {
    log.read_all(Position::START, Direction::Forwards, usize::MAX).await.unwrap()
}

pub(super) fn positions(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position.0).collect()
}

pub(super) fn ids(events: &[NewEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}

pub(super) fn recorded_ids(events: &[RecordedEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}

/// What a subscription gives until it has given that many events.
pub(super) async fn take(batches: &mut EventBatches, count: usize) -> Vec<RecordedEvent> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let batch = batches.next().await.unwrap().unwrap();
        assert!(!batch.is_empty(), "a batch is never empty");
        taken.extend(batch);
    }
    taken
}
