//! A span: begun here, given a place in a trace, ended when it is dropped.

use std::{borrow::Cow, sync::OnceLock};

use opentelemetry::{
    Context, KeyValue, Value,
    global::{BoxedSpan, BoxedTracer},
    trace::{Link, Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer},
};

use crate::traceparent;

/// The most links that a span has; as many as OpenTelemetry's own default.
pub const LINKS_MAX: usize = 128;

/// That of this process.
static TRACER: OnceLock<BoxedTracer> = OnceLock::new();

/// A process has one tracer.
#[derive(Debug)]
pub struct AlreadyRecorded;

/// From now on `tracer` records the spans of this process.
///
/// Whether it records one that begins a trace is for it to say. It is asked for others only where those
/// they follow from are recorded.
///
/// # Errors
/// [`AlreadyRecorded`] where another one does.
pub fn record_with(tracer: BoxedTracer) -> Result<(), AlreadyRecorded> {
    TRACER.set(tracer).map_err(|_| AlreadyRecorded)
}

/// What is done, from where this was made until it is dropped. Of one that is not recorded nothing is
/// kept.
pub struct Span(Option<BoxedSpan>);

impl Span {
    /// The work on a request, which belongs where its caller says. Where the caller says nothing it
    /// begins a trace.
    #[must_use]
    pub fn serving(given: Option<&str>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let builder = SpanBuilder::from_name("request").with_kind(SpanKind::Server);
        Self::begin(tracer, builder, given.and_then(traceparent::parse))
    }

    /// A part of what the span does that `parent`, a `traceparent`, names. Not recorded where that is not.
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

    /// What is done at once for what several others, each named by its `traceparent`, have left behind. It
    /// begins a trace, and is linked to those that are recorded, the first [`LINKS_MAX`] of them. Not
    /// recorded where none of them is.
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

    /// How others say that they belong to it. `None` where it is not recorded.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        self.0.as_ref().map(|span| traceparent::text(span.span_context()))
    }

    /// Says something of it. The name is one of OpenTelemetry's conventions, or begins with `cinelog.`.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(name, value));
        }
    }

    /// The same with a text, which is copied only where it is kept.
    pub fn set_text(&mut self, name: &'static str, text: &str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(name, text.to_owned()));
        }
    }

    /// Says a number of it. What is beyond the numbers of OpenTelemetry is the largest of those.
    pub fn count(&mut self, name: &'static str, number: u64) {
        self.set(name, i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// Gives it another name, where it becomes known late. The name is not made where nobody wants it.
    pub fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(span) = &mut self.0 {
            span.update_name(name());
        }
    }

    /// It has not succeeded, and this is why.
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
