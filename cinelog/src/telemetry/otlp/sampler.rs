//! Which spans are recorded: as those say who asked for what they stand for.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId},
};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// Records what belongs to a span that is recorded, and nothing that belongs to one that is not. What
/// begins a trace is recorded if it is linked to a recorded span; else a part of it is.
#[derive(Debug, Clone)]
pub(super) struct AsAsked {
    of_others: Sampler,
}

impl AsAsked {
    /// `ratio` of those about which nobody has said anything.
    pub(super) fn new(ratio: f64) -> Self {
        Self { of_others: Sampler::TraceIdRatioBased(ratio) }
    }
}

impl ShouldSample for AsAsked {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let asked = parent.map(|parent| parent.span().span_context().clone());
        let asked = asked.filter(|asked| asked.is_valid()).map(|asked| asked.is_sampled());
        let linked = links.iter().any(|link| link.span_context.is_sampled());
        let decision = match asked {
            Some(true) => SamplingDecision::RecordAndSample,
            Some(false) => SamplingDecision::Drop,
            None if linked => SamplingDecision::RecordAndSample,
            None => {
                self.of_others
                    .should_sample(parent, trace_id, name, kind, attributes, links)
                    .decision
            }
        };
        SamplingResult { decision, attributes: Vec::new(), trace_state: Default::default() }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};

    use super::*;

    fn span(sampled: bool) -> SpanContext {
        let flags = TraceFlags::default().with_sampled(sampled);
        SpanContext::new(TraceId::from(7), SpanId::from(7), flags, true, TraceState::default())
    }

    fn records(ratio: f64, parent: Option<bool>, links: &[bool]) -> bool {
        let parent = parent.map(|sampled| Context::new().with_remote_span_context(span(sampled)));
        let links: Vec<_> = links.iter().map(|it| Link::with_context(span(*it))).collect();
        let id = TraceId::from(u128::MAX / 2);
        let sampler = AsAsked::new(ratio);
        let result =
            sampler.should_sample(parent.as_ref(), id, "any", &SpanKind::Server, &[], &links);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn what_the_caller_says_is_done_whatever_the_ratio() {
        assert!(records(0.0, Some(true), &[]));
        assert!(!records(1.0, Some(false), &[]));
    }

    #[test]
    fn what_follows_from_something_recorded_is_recorded() {
        assert!(records(0.0, None, &[false, true]));
        assert!(!records(0.0, None, &[false]));
    }

    #[test]
    fn of_the_others_a_part_is_recorded() {
        assert!(records(1.0, None, &[]));
        assert!(!records(0.0, None, &[]));
    }
}
