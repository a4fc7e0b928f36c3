//! The projector's metrics.

use events::Position;
use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::Applied;

const POSITION: &str = "cinelog_projector_position";
const LAG_EVENTS: &str = "cinelog_projector_lag_events";
const PARKED_STREAMS: &str = "cinelog_projector_parked_streams";
const EVENTS_TOTAL: &str = "cinelog_projector_events_total";
const LEADING: &str = "cinelog_projector_leading";
const FAILING: &str = "cinelog_projector_failing";
const COMPLETE: &str = "cinelog_read_model_complete";

/// Says once what each metric is.
pub(crate) fn describe() {
    describe_gauge!(POSITION, "Position in the log that the read model has reached.");
    describe_gauge!(LAG_EVENTS, "Events that the log has and the read model has not.");
    describe_gauge!(PARKED_STREAMS, "Streams that a poison event has stopped.");
    describe_counter!(EVENTS_TOTAL, "Events taken in, by outcome: applied, parked or retried.");
    describe_gauge!(
        LEADING,
        "Whether this projector is the one that writes: 1, or 0 where another does."
    );
    describe_gauge!(FAILING, "Whether nothing gets through: 1 from a failure to the next success.");
    describe_gauge!(COMPLETE, "Whether count and hash of what the read model holds are the log's.");
    // From the start, so that the first event is seen as an increase.
    for outcome in ["applied", "parked", "retried"] {
        counter!(EVENTS_TOTAL, "outcome" => outcome).increment(0);
    }
    gauge!(FAILING).increment(0.0);
}

/// Where the read model is, and where the log.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events")]
pub(crate) fn progress(reached: Position, head: Position) {
    gauge!(POSITION).set(reached.0 as f64);
    gauge!(LAG_EVENTS).set(head.0.saturating_sub(reached.0) as f64);
}

/// What became of a batch.
pub(crate) fn batch(applied: &Applied) {
    counter!(EVENTS_TOTAL, "outcome" => "applied").increment(applied.events_applied);
    counter!(EVENTS_TOTAL, "outcome" => "parked").increment(applied.events_parked);
}

/// How many streams are stopped.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 streams")]
pub(crate) fn parked_streams(streams: u64) {
    gauge!(PARKED_STREAMS).set(streams as f64);
}

/// How many events of a stream were folded in after all.
pub(crate) fn retried(events: u64) {
    counter!(EVENTS_TOTAL, "outcome" => "retried").increment(events);
}

/// Whether the read model holds what the log holds.
pub(crate) fn complete(is_complete: bool) {
    gauge!(COMPLETE).set(if is_complete { 1.0 } else { 0.0 });
}

/// Whether this projector is the one that writes.
pub(crate) fn leading(leads: bool) {
    gauge!(LEADING).set(if leads { 1.0 } else { 0.0 });
}

/// Whether nothing gets through.
pub(crate) fn failing(fails: bool) {
    gauge!(FAILING).set(if fails { 1.0 } else { 0.0 });
}
