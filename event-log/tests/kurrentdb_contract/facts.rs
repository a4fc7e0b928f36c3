//! What the tests append, and a log that gives up soon.

use std::time::Duration;

use event_log::{
    Append, AppendError, Appended, EventLog, Expected, IdempotencyEntry, LogError,
    kurrentdb::{KurrentLog, KurrentLogOptions},
};
use events::{AccountId, EventId, Metadata, NewEvent, Revision, StreamName};
use jiff::Timestamp;
use serde_json::{json, value::RawValue};
use uuid::Uuid;

use crate::server::KurrentServer;

/// When everything happens: with microseconds, to see them kept.
pub(crate) const NOON: Timestamp = Timestamp::constant(1_795_000_000, 123_456_000);

/// The log at a server, which looks for what is new whenever it can.
pub(crate) async fn open(server: &KurrentServer) -> KurrentLog {
    KurrentLog::open(options(server)).await.unwrap()
}

pub(crate) fn options(server: &KurrentServer) -> KurrentLogOptions {
    KurrentLogOptions {
        poll_interval: Duration::from_millis(10),
        probe_interval: Duration::from_millis(10),
        deadline: Duration::from_secs(2),
        ..KurrentLogOptions::at(server.url())
    }
}

pub(crate) fn stream(name: &str) -> StreamName {
    StreamName::new(name).unwrap()
}

/// An event with everything that an envelope can have.
pub(crate) fn full_event(id: u128) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(id)),
        event_type: "MovieCreated".to_owned(),
        schema_version: 2,
        metadata: Metadata {
            recorded_at: NOON,
            actor: Some(AccountId(Uuid::from_u128(1))),
            correlation_id: Some("request".to_owned()),
            causation_id: Some(EventId(Uuid::from_u128(2))),
            traceparent: Some("00-trace".to_owned()),
            idempotency_key: Some("key".to_owned()),
        },
        data: RawValue::from_string(r#"{ "title":  "Heat" }"#.to_owned()).unwrap(),
    }
}

pub(crate) fn event(id: u128) -> NewEvent {
    NewEvent { metadata: Metadata::at(NOON), ..full_event(id) }
}

pub(crate) async fn append(
    log: &KurrentLog,
    name: &str,
    expected: Expected,
    ids: &[u128],
) -> Result<Appended, AppendError> {
    let events = ids.iter().map(|id| event(*id)).collect();
    log.append(Append::new(stream(name), expected, events)).await
}

pub(crate) fn at(revision: u64) -> Expected {
    Expected::Exact(Revision(revision))
}

pub(crate) fn entry(key: &str) -> IdempotencyEntry {
    IdempotencyEntry {
        key: key.to_owned(),
        fingerprint: "fingerprint".to_owned(),
        answer: json!({ "status": 201 }),
        recorded_at: NOON,
    }
}

pub(crate) fn with_key(append: Append, key: &str) -> Append {
    Append { idempotency: Some(entry(key)), ..append }
}

#[track_caller]
pub(crate) fn unavailable<T: std::fmt::Debug>(result: Result<T, AppendError>) -> String {
    match result {
        Err(AppendError::Log(LogError::Unavailable(reason))) => reason,
        other => panic!("it was to be unavailable, not {other:?}"),
    }
}

#[track_caller]
pub(crate) fn damaged<T: std::fmt::Debug>(result: Result<T, AppendError>) -> String {
    match result {
        Err(AppendError::Log(LogError::Damaged { reason, .. })) => reason,
        other => panic!("it was to be damaged, not {other:?}"),
    }
}
