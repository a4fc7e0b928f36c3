//! Metrics of receiving from Kafka.

use metrics::{Gauge, counter, describe_counter, describe_gauge, gauge};

const RECEIVED_TOTAL: &str = "cinelog_projector_kafka_records_total";
const PARTITIONS: &str = "cinelog_projector_kafka_partitions";
const PAUSED: &str = "cinelog_projector_kafka_partitions_paused";
const WAITING: &str = "cinelog_projector_inbox_events";
const BROKEN_TOTAL: &str = "cinelog_projector_kafka_topic_broken_total";
const FAILING: &str = "cinelog_projector_kafka_failing";

/// Describes the metrics. They begin at 0, so that the first event is seen as an increase.
pub(super) fn describe() {
    describe_counter!(
        RECEIVED_TOTAL,
        "Records that came of this projector's partitions of Kafka, by outcome: taken, repeated or refused."
    );
    describe_gauge!(PARTITIONS, "Partitions of Kafka that this projector reads.");
    describe_gauge!(
        PAUSED,
        "Of those, the ones that are paused, since the inbox holds enough of them."
    );
    describe_gauge!(WAITING, "Events of this projector's partitions that wait to be folded in.");
    describe_counter!(
        BROKEN_TOTAL,
        "Partitions of Kafka of which something was gone that was not read, by reason: truncated or made_again."
    );
    describe_gauge!(
        FAILING,
        "Whether Kafka cannot be read or the inbox not be written: 1 until it has gone well for some seconds."
    );
    for outcome in ["taken", "repeated", "refused"] {
        counter!(RECEIVED_TOTAL, "outcome" => outcome).increment(0);
    }
    for reason in ["truncated", "made_again"] {
        counter!(BROKEN_TOTAL, "reason" => reason).increment(0);
    }
    partitions(0, 0);
    waiting(0);
}

/// What became of some records.
pub(super) fn received(taken: u64, repeated: u64, refused: u64) {
    counter!(RECEIVED_TOTAL, "outcome" => "taken").increment(taken);
    counter!(RECEIVED_TOTAL, "outcome" => "repeated").increment(repeated);
    counter!(RECEIVED_TOTAL, "outcome" => "refused").increment(refused);
}

/// How many partitions are read, and how many of them are paused.
#[expect(clippy::cast_precision_loss, reason = "there are never so many")]
pub(super) fn partitions(assigned: usize, paused: usize) {
    gauge!(PARTITIONS).set(assigned as f64);
    gauge!(PAUSED).set(paused as f64);
}

/// How many events wait to be folded in.
#[expect(clippy::cast_precision_loss, reason = "there are never so many")]
pub(super) fn waiting(events: u64) {
    gauge!(WAITING).set(events as f64);
}

/// Records of a partition are gone that were not read.
pub(super) fn broken(reason: &'static str) {
    counter!(BROKEN_TOTAL, "reason" => reason).increment(1);
}

/// Whether Kafka cannot be read, or the inbox cannot be written. The handle belongs to the recorder of the
/// thread that made it, wherever it is used.
pub(super) struct Failing(Gauge);

impl Failing {
    /// All is well so far.
    pub(super) fn new() -> Self {
        let failing = Self(gauge!(FAILING));
        failing.set(false);
        failing
    }

    pub(super) fn set(&self, fails: bool) {
        self.0.set(if fails { 1.0 } else { 0.0 });
    }
}
