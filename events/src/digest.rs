//! The digest of a log: how many events it has, and one hash over all of them in their order.
//!
//! Two copies of a log have the same digest exactly when they tell the same story. Positions are no
//! part of it, so that a log which is copied to a store with positions of its own keeps its digest.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

use crate::{Metadata, NewEvent, RecordedEvent, Revision, StreamName};

/// A running count and hash of events: the digest of `n` events is made from that of the first
/// `n - 1` and the last one.
///
/// As text it is `count:hash`, the hash in 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many events there are.
    pub count: u64,
    /// SHA-256 over the hash before the last event and the last event; 32 zeros before the first.
    pub hash: [u8; 32],
}

/// About as much as an event's form has besides its data, in bytes.
const FORM_BYTES: usize = 384;

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is a count, a colon and 64 lower-case hexadecimal digits")]
pub struct InvalidDigest;

impl Digest {
    /// The digest of no events.
    pub const EMPTY: Self = Self { count: 0, hash: [0; 32] };

    /// The digest with one event more. Everything of the event counts except its position; its time
    /// to the microsecond, which is what logs keep.
    #[must_use]
    pub fn extend(self, event: &RecordedEvent) -> Self {
        self.with(&Facts {
            stream: &event.stream,
            revision: event.revision,
            id: event.id.0.as_bytes(),
            event_type: &event.event_type,
            schema_version: event.schema_version,
            metadata: &event.metadata,
            data: event.data.get(),
        })
    }

    /// The digest with one event more, which is about to be recorded at `revision` of `stream`.
    #[must_use]
    pub fn extend_with_new(
        self,
        stream: &StreamName,
        revision: Revision,
        event: &NewEvent,
    ) -> Self {
        self.with(&Facts::of_new(stream, revision, event))
    }

    /// What is hashed of an event that is about to be recorded at `revision` of `stream`: the hash with it is
    /// SHA-256 over the hash before and this. For a log that hashes where its lock is.
    #[must_use]
    pub fn form_of_new(stream: &StreamName, revision: Revision, event: &NewEvent) -> Vec<u8> {
        let mut form = Vec::with_capacity(event.data.get().len() + FORM_BYTES);
        let facts = Facts::of_new(stream, revision, event);
        facts.write_to(&mut |part| form.extend_from_slice(part));
        form
    }

    fn with(self, facts: &Facts<'_>) -> Self {
        let mut hash = Sha256::new_with_prefix(self.hash);
        facts.write_to(&mut |part| hash.update(part));
        Self { count: self.count + 1, hash: hash.finalize().into() }
    }
}

/// What of an event is hashed.
struct Facts<'a> {
    stream: &'a StreamName,
    revision: Revision,
    id: &'a [u8; 16],
    event_type: &'a str,
    schema_version: u32,
    metadata: &'a Metadata,
    data: &'a str,
}

impl<'a> Facts<'a> {
    fn of_new(stream: &'a StreamName, revision: Revision, event: &'a NewEvent) -> Self {
        Self {
            stream,
            revision,
            id: event.id.0.as_bytes(),
            event_type: &event.event_type,
            schema_version: event.schema_version,
            metadata: &event.metadata,
            data: event.data.get(),
        }
    }

    /// Writes the canonical form. Digests are kept for as long as logs are, so it never changes:
    /// numbers are big-endian, texts have their length in front (8 bytes), and what may be absent has
    /// a byte in front, 0 or 1. So no two events have the same form.
    fn write_to(&self, put: &mut impl FnMut(&[u8])) {
        let metadata = self.metadata;
        text(put, self.stream.as_str());
        put(&self.revision.0.to_be_bytes());
        put(self.id);
        text(put, self.event_type);
        put(&self.schema_version.to_be_bytes());
        put(&metadata.recorded_at.as_microsecond().to_be_bytes());
        optional(put, metadata.actor, |put, actor| put(actor.0.as_bytes()));
        optional(put, metadata.correlation_id.as_deref(), text);
        optional(put, metadata.causation_id, |put, cause| put(cause.0.as_bytes()));
        optional(put, metadata.traceparent.as_deref(), text);
        optional(put, metadata.idempotency_key.as_deref(), text);
        text(put, self.data);
    }
}

fn text(put: &mut impl FnMut(&[u8]), text: &str) {
    put(&(text.len() as u64).to_be_bytes());
    put(text.as_bytes());
}

fn optional<T, P: FnMut(&[u8])>(put: &mut P, value: Option<T>, write: impl Fn(&mut P, T)) {
    put(&[u8::from(value.is_some())]);
    if let Some(value) = value {
        write(put, value);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.count)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let (count, digits) = text.split_once(':').ok_or(InvalidDigest)?;
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidDigest);
        }
        let count = count.parse().map_err(|_| InvalidDigest)?;
        let digits: &[u8; 64] = digits.as_bytes().try_into().map_err(|_| InvalidDigest)?;
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self { count, hash })
    }
}

fn digit(byte: u8) -> Result<u8, InvalidDigest> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(InvalidDigest),
    }
}

#[cfg(test)]
mod tests;
