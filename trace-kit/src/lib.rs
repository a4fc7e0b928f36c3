//! Spans of OpenTelemetry: what a request leads to, here and in other processes.
//!
//! A `traceparent` (W3C Trace Context) says where a span belongs. It goes with the request, is stored with the events
//! that the request leads to, and goes on with the news of what they changed. Nothing is taken from the thread
//! or the task that a span begins in.
//!
//! This crate does not know where spans go. The binary gives it a tracer ([`record_with`]) or does not; then
//! nothing is recorded, and a span costs next to nothing.

mod span;
mod traceparent;

pub use opentelemetry::trace::SpanKind;

pub use self::{
    span::{AlreadyRecorded, LINKS_MAX, Span, record_with},
    traceparent::is_traceparent,
};
