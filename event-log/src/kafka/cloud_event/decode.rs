//! From a record to an event.

use std::str::FromStr;

use events::{Metadata, Position, RecordedEvent, Revision, StreamName};
use serde_json::value::RawValue;

use super::{CONTENT_TYPE, SPEC_VERSION, header};

/// What a record holds.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The event, as it is in the log.
    pub event: RecordedEvent,
    /// The position of the event before it in the log; [`Position::START`] for the first.
    pub previous: Position,
    /// The name of the log.
    pub source: String,
}

/// Why a record is none that [`encode`](super::encode) can have made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// A part is not there.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A header is there twice, so that it is not known which one holds.
    #[error("it has more than one {0}")]
    Repeated(&'static str),
    /// A part is there, but cannot be right.
    #[error("its {part} is not {expected}")]
    Unreadable {
        /// Which.
        part: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// The names that are looked for, in the order of [`Headers`].
const NAMES: [&str; 16] = [
    header::CONTENT_TYPE,
    header::SPEC_VERSION,
    header::ID,
    header::SOURCE,
    header::TYPE,
    header::SUBJECT,
    header::TIME,
    header::POSITION,
    header::PREVIOUS_POSITION,
    header::REVISION,
    header::SCHEMA_VERSION,
    header::ACTOR_ID,
    header::CORRELATION_ID,
    header::CAUSATION_ID,
    header::TRACE_PARENT,
    header::IDEMPOTENCY_KEY,
];

/// The event of a record, given its key, its headers and its value. Headers of other names are passed
/// over: what carries records from one Kafka to another adds its own.
///
/// # Errors
/// [`InvalidRecord`] where it is none that [`encode`](super::encode) has made.
pub fn decode<'a>(
    key: Option<&[u8]>,
    headers: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
    value: Option<&[u8]>,
) -> Result<Decoded, InvalidRecord> {
    let headers = Headers::of(headers)?;
    headers.is(header::CONTENT_TYPE, CONTENT_TYPE, "application/json")?;
    headers.is(header::SPEC_VERSION, SPEC_VERSION, "1.0")?;
    let subject = headers.text(header::SUBJECT)?;
    let unreadable = |part, expected| InvalidRecord::Unreadable { part, expected };
    let stream = StreamName::new(subject)
        .map_err(|_| unreadable(header::SUBJECT, "the name of a stream"))?;
    // Another key would have put it into another partition, and out of its stream's order.
    if key.ok_or(InvalidRecord::Missing("key"))? != subject.as_bytes() {
        return Err(unreadable("key", "its stream"));
    }
    let number = "a whole number";
    let event = RecordedEvent {
        position: Position(headers.parsed(header::POSITION, number)?),
        stream,
        revision: Revision(headers.parsed(header::REVISION, number)?),
        id: headers.parsed(header::ID, "a UUID")?,
        event_type: headers.text(header::TYPE)?.to_owned(),
        schema_version: headers.parsed(header::SCHEMA_VERSION, number)?,
        metadata: Metadata {
            recorded_at: headers.parsed(header::TIME, "a time (RFC 3339)")?,
            actor: headers.optional(header::ACTOR_ID, "a UUID")?,
            correlation_id: headers.optional(header::CORRELATION_ID, "text")?,
            causation_id: headers.optional(header::CAUSATION_ID, "a UUID")?,
            traceparent: headers.optional(header::TRACE_PARENT, "text")?,
            idempotency_key: headers.optional(header::IDEMPOTENCY_KEY, "text")?,
        },
        data: raw(value.ok_or(InvalidRecord::Missing("value"))?)
            .ok_or_else(|| unreadable("value", "JSON"))?,
    };
    let previous = Position(headers.parsed(header::PREVIOUS_POSITION, number)?);
    Ok(Decoded { event, previous, source: headers.text(header::SOURCE)?.to_owned() })
}

/// JSON as it stands, whitespace around it included.
fn raw(value: &[u8]) -> Option<Box<RawValue>> {
    RawValue::from_string(std::str::from_utf8(value).ok()?.to_owned()).ok()
}

/// The values of [`NAMES`], in their order.
struct Headers<'a>([Option<&'a [u8]>; NAMES.len()]);

impl<'a> Headers<'a> {
    fn of(
        headers: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
    ) -> Result<Self, InvalidRecord> {
        let mut values = [None; NAMES.len()];
        for (name, value) in headers {
            let Some(index) = NAMES.iter().position(|known| *known == name) else { continue };
            if values[index].is_some() {
                return Err(InvalidRecord::Repeated(NAMES[index]));
            }
            values[index] = value;
        }
        Ok(Self(values))
    }

    fn find(&self, name: &'static str) -> Option<&'a [u8]> {
        NAMES.iter().position(|known| *known == name).and_then(|index| self.0[index])
    }

    fn text(&self, name: &'static str) -> Result<&'a str, InvalidRecord> {
        let value = self.find(name).ok_or(InvalidRecord::Missing(name))?;
        let unreadable = InvalidRecord::Unreadable { part: name, expected: "text in UTF-8" };
        std::str::from_utf8(value).map_err(|_| unreadable)
    }

    fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<T, InvalidRecord> {
        let unreadable = |_| InvalidRecord::Unreadable { part: name, expected };
        self.text(name)?.parse().map_err(unreadable)
    }

    fn optional<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, InvalidRecord> {
        self.find(name).map(|_| self.parsed(name, expected)).transpose()
    }

    fn is(
        &self,
        name: &'static str,
        value: &str,
        expected: &'static str,
    ) -> Result<(), InvalidRecord> {
        match self.text(name)? == value {
            true => Ok(()),
            false => Err(InvalidRecord::Unreadable { part: name, expected }),
        }
    }
}
