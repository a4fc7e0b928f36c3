//! Spans of OpenTelemetry, for every room that has something to tell of: what a request led to, here and
//! in other processes.
//!
//! Where a span belongs is said by a `traceparent` (W3C Trace Context), which goes with the request, is
//! stored with the events that it led to, and goes on with the news of what they changed. Nothing is taken
//! from the thread or the task that a span begins in.
//!
//! It knows nothing of where spans go. Who assembles the program gives it a tracer
//! ([`record_with`]), or does not: then nothing is recorded, and a span costs a look at that.

mod span;
mod traceparent;

pub use opentelemetry::trace::SpanKind;

pub use self::{
    span::{AlreadyRecorded, LINKS_MAX, Span, record_with},
    traceparent::is_traceparent,
};
