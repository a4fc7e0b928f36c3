//! An event as it stands in a record of Kafka: a CloudEvent in binary mode (CloudEvents 1.0.2, Kafka
//! protocol binding). The value is the event's data, byte for byte; everything else is in headers, so
//! that nothing of a [`RecordedEvent`] is lost. Knows no client of Kafka.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::{Decoded, InvalidRecord, decode};
pub use encode::{Record, encode};

/// The version of CloudEvents.
pub const SPEC_VERSION: &str = "1.0";

/// What the value is.
pub const CONTENT_TYPE: &str = "application/json";

/// The names of the headers. Those of extensions are `ce_` and what CloudEvents allows in a name: a to z
/// and 0 to 9, at most 20.
pub mod header {
    /// What the value is: [`CONTENT_TYPE`](super::CONTENT_TYPE).
    pub const CONTENT_TYPE: &str = "content-type";
    /// [`SPEC_VERSION`](super::SPEC_VERSION).
    pub const SPEC_VERSION: &str = "ce_specversion";
    /// The event's id. A repetition has the same.
    pub const ID: &str = "ce_id";
    /// Which log it is of.
    pub const SOURCE: &str = "ce_source";
    /// The event's type, such as `MovieCreated`.
    pub const TYPE: &str = "ce_type";
    /// The stream.
    pub const SUBJECT: &str = "ce_subject";
    /// When its command was accepted (RFC 3339).
    pub const TIME: &str = "ce_time";
    /// What describes the value: `urn:cinelog:schema:TYPE:VERSION`.
    pub const DATA_SCHEMA: &str = "ce_dataschema";
    /// The stream again: what the record's key is made from.
    pub const PARTITION_KEY: &str = "ce_partitionkey";
    /// The place in the log.
    pub const POSITION: &str = "ce_position";
    /// The place of the event before it in the log, 0 for the first: whoever has that one misses nothing.
    pub const PREVIOUS_POSITION: &str = "ce_previousposition";
    /// The place in the stream, from 1.
    pub const REVISION: &str = "ce_revision";
    /// The version of the type's schema, from 1.
    pub const SCHEMA_VERSION: &str = "ce_schemaversion";
    /// Who gave the command.
    pub const ACTOR_ID: &str = "ce_actorid";
    /// What all events of one request share.
    pub const CORRELATION_ID: &str = "ce_correlationid";
    /// The event that it follows from.
    pub const CAUSATION_ID: &str = "ce_causationid";
    /// The W3C Trace Context of the request.
    pub const TRACE_PARENT: &str = "ce_traceparent";
    /// The client's `Idempotency-Key`.
    pub const IDEMPOTENCY_KEY: &str = "ce_idempotencykey";
}
