//! A span: it begins when it is made, has a place in a trace, and ends when it is dropped.

use std::{borrow::Cow, sync::OnceLock};

use opentelemetry::{
    Context, KeyValue, Value,
    global::{BoxedSpan, BoxedTracer},
    trace::{Link, Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer},
};

use crate::traceparent;

/// The most links that a span has; as many as OpenTelemetry's own default.
pub const LINKS_MAX: usize = 128;

/// The tracer of this process.
static TRACER: OnceLock<BoxedTracer> = OnceLock::new();

/// There is a tracer already: a process has one.
#[derive(Debug)]
pub struct AlreadyRecorded;

/// From now on `tracer` records the spans of this process.
///
/// It decides itself whether to record a span that begins a trace. Other spans are only given to it if the span
/// that they belong to is recorded.
///
/// # Errors
/// [`AlreadyRecorded`] if there is a tracer already.
pub fn record_with(tracer: BoxedTracer) -> Result<(), AlreadyRecorded> {
    TRACER.set(tracer).map_err(|_| AlreadyRecorded)
}

/// A piece of work, from when this is made until it is dropped. If it is not recorded, nothing is kept of it.
pub struct Span(Option<BoxedSpan>);

impl Span {
    /// The work on a request. It belongs to the span that the caller names (`given`, a `traceparent`); otherwise it
    /// begins a trace.
    #[must_use]
    pub fn serving(given: Option<&str>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let builder = SpanBuilder::from_name("request").with_kind(SpanKind::Server);
        Self::begin(tracer, builder, given.and_then(traceparent::parse))
    }

    /// A part of the work of the span that `parent`, a `traceparent`, names. Recorded only if that one is.
    #[must_use]
    pub fn child(name: &'static str, kind: SpanKind, parent: Option<&str>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        match parent.and_then(sampled) {
            Some(parent) => {
                Self::begin(tracer, SpanBuilder::from_name(name).with_kind(kind), Some(parent))
            }
            None => Self(None),
        }
    }

    /// Work for several other spans at once, each named by its `traceparent`. It begins a trace, and is linked
    /// to those of the others that are recorded, at most [`LINKS_MAX`]. Recorded only if one of them is.
    #[must_use]
    pub fn linked<'t>(
        name: &'static str,
        kind: SpanKind,
        others: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let mut links: Vec<Link> = Vec::new();
        for other in others.into_iter().filter_map(sampled) {
            if links.len() == LINKS_MAX {
                break;
            }
            if links.iter().all(|link| link.span_context != other) {
                links.push(Link::with_context(other));
            }
        }
        if links.is_empty() {
            return Self(None);
        }
        let mut builder = SpanBuilder::from_name(name).with_kind(kind);
        builder.links = Some(links);
        Self::begin(tracer, builder, None)
    }

    fn begin(tracer: &BoxedTracer, builder: SpanBuilder, parent: Option<SpanContext>) -> Self {
        let mut around = Context::new();
        if let Some(parent) = parent {
            around = around.with_remote_span_context(parent);
        }
        let span = tracer.build_with_context(builder, &around);
        Self(span.is_recording().then_some(span))
    }

    /// The `traceparent` by which other spans say that they belong to this one. `None`: it is not recorded.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        self.0.as_ref().map(|span| traceparent::text(span.span_context()))
    }

    /// Sets an attribute. Its name is one of OpenTelemetry's conventions, or begins with `cinelog.`.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(name, value));
        }
    }

    /// Sets an attribute to a text, which is copied only if the span is recorded.
    pub fn set_text(&mut self, name: &'static str, text: &str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(name, text.to_owned()));
        }
    }

    /// Sets an attribute to a number. One beyond OpenTelemetry's range becomes the largest in it.
    pub fn count(&mut self, name: &'static str, number: u64) {
        self.set(name, i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// Renames the span, if its name becomes known only later. `name` is called only if the span is recorded.
    pub fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(span) = &mut self.0 {
            span.update_name(name());
        }
    }

    /// Marks the work as failed.
    pub fn fail(&mut self, reason: impl Into<Cow<'static, str>>) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(reason));
        }
    }
}

/// The span that this names, if it is recorded.
fn sampled(text: &str) -> Option<SpanContext> {
    traceparent::parse(text).filter(SpanContext::is_sampled)
}
