//! What is asked of the log when something is appended, and what it answers.

use events::{NewEvent, Position, Revision, StreamName};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    AppendError, MAX_APPEND_BYTES, MAX_APPEND_EVENTS, MAX_EVENT_BYTES, MAX_IDEMPOTENCY_KEY_BYTES,
};

/// What must be true of a stream for an append to it to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The stream has no events.
    NoStream,
    /// The stream is at this revision. `Exact(Revision::NONE)` is [`Expected::NoStream`].
    Exact(Revision),
    /// Nothing: the events go to the end, wherever that is.
    Any,
}

/// One append: all of its events or none.
#[derive(Debug, Clone)]
pub struct Append {
    /// Where the events go.
    pub stream: StreamName,
    /// What must be true of it.
    pub expected: Expected,
    /// Another stream that the events depend upon, and the revision at which its caller knows it.
    pub given: Option<(StreamName, Revision)>,
    /// The events, in order. May be empty: then only `expected` is checked and `idempotency` kept.
    pub events: Vec<NewEvent>,
    /// What to remember in the same transaction, so that the client may repeat its request.
    pub idempotency: Option<IdempotencyEntry>,
}

impl Append {
    /// An append that depends on no other stream and remembers nothing.
    #[must_use]
    pub fn new(stream: StreamName, expected: Expected, events: Vec<NewEvent>) -> Self {
        Self { stream, expected, given: None, events, idempotency: None }
    }

    /// The bytes of all its events' data.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] where it exceeds what every log allows.
    pub(crate) fn checked_bytes(&self) -> Result<usize, AppendError> {
        let at_most = |what, actual, limit| {
            if actual > limit { Err(AppendError::TooLarge { what, actual, limit }) } else { Ok(()) }
        };
        at_most("events in one append", self.events.len(), MAX_APPEND_EVENTS)?;
        let mut bytes = 0;
        for event in &self.events {
            let length = event.data.get().len();
            at_most("event data in bytes", length, MAX_EVENT_BYTES)?;
            bytes += length;
        }
        at_most("data of one append in bytes", bytes, MAX_APPEND_BYTES)?;
        if let Some(entry) = &self.idempotency {
            at_most("idempotency key in bytes", entry.key.len(), MAX_IDEMPOTENCY_KEY_BYTES)?;
        }
        Ok(bytes)
    }
}

/// What is kept of a request that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyEntry {
    /// The key together with who sent it, so that no one meets another's keys. At most
    /// [`MAX_IDEMPOTENCY_KEY_BYTES`].
    pub key: String,
    /// A hash of the request: the same key with another fingerprint is a client's mistake.
    pub fingerprint: String,
    /// What the caller wants to be reminded of, to answer a repetition as it answered the first.
    pub answer: Value,
    /// When the request was accepted: what [`crate::EventLog::forget_keys`] goes by.
    pub recorded_at: Timestamp,
}

/// Where an append came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The revision of the stream after it.
    pub revision: Revision,
    /// The position of its last event; for an append without events, the position that the log had
    /// reached.
    pub position: Position,
}

/// What the log remembers under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The hash of the first request.
    pub fingerprint: String,
    /// What its caller wanted to be reminded of.
    pub answer: Value,
    /// Where its events came to stand.
    pub appended: Appended,
}
