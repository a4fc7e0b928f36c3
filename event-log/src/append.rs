//! What is asked of the log when something is appended, and what it answers.

use events::{NewEvent, Position, Revision, StreamName};
use serde_json::Value;

/// What must be true of a stream for an append to it to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The stream has no events.
    NoStream,
    /// The stream is at this revision.
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
    /// The events, in order. May be empty: then only `expected` is checked and `idempotency` kept.
    pub events: Vec<NewEvent>,
    /// What to remember in the same transaction, so that the client may repeat its request.
    pub idempotency: Option<IdempotencyEntry>,
}

impl Append {
    /// An append that remembers nothing.
    #[must_use]
    pub fn new(stream: StreamName, expected: Expected, events: Vec<NewEvent>) -> Self {
        Self { stream, expected, events, idempotency: None }
    }
}

/// What is kept of a request that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyEntry {
    /// The key together with who sent it, so that no one meets another's keys. At most 512 bytes.
    pub key: String,
    /// A hash of the request: the same key with another fingerprint is a client's mistake.
    pub fingerprint: String,
    /// What the caller wants to be reminded of, to answer a repetition as it answered the first.
    pub answer: Value,
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
