//! What becomes of spans, as metrics.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const EXPORTED_TOTAL: &str = "cinelog_spans_exported_total";
const DROPPED_TOTAL: &str = "cinelog_spans_dropped_total";
const FAILING: &str = "cinelog_spans_export_failing";

/// Why a span was dropped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dropped {
    /// There was no room in the queue.
    QueueFull,
    /// Whoever should take it did not, or not in time.
    NotTaken,
}

impl Dropped {
    fn label(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::NotTaken => "not_taken",
        }
    }
}

pub(super) fn describe() {
    describe_counter!(EXPORTED_TOTAL, "Spans that the OpenTelemetry Collector has taken.");
    describe_counter!(DROPPED_TOTAL, "Spans that were lost, by reason: queue_full or not_taken.");
    describe_gauge!(FAILING, "Whether spans are not taken: 1 from a failure to the next success.");
    exported(0);
    for why in [Dropped::QueueFull, Dropped::NotTaken] {
        dropped(why, 0);
    }
    failing(false);
}

pub(super) fn exported(spans: u64) {
    counter!(EXPORTED_TOTAL).increment(spans);
}

pub(super) fn dropped(why: Dropped, spans: u64) {
    counter!(DROPPED_TOTAL, "reason" => why.label()).increment(spans);
}

pub(super) fn failing(fails: bool) {
    gauge!(FAILING).set(if fails { 1.0 } else { 0.0 });
}
