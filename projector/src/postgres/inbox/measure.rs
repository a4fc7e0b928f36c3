//! What is measured of the inbox.

#[cfg(feature = "kafka")]
use metrics::Gauge;
use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::status::Why;

const FELL_BACK_TOTAL: &str = "cinelog_projector_fell_back_total";
#[cfg(feature = "kafka")]
const RECEIVED_TOTAL: &str = "cinelog_projector_kafka_records_total";
#[cfg(feature = "kafka")]
const PARTITIONS: &str = "cinelog_projector_kafka_partitions";
#[cfg(feature = "kafka")]
const PAUSED: &str = "cinelog_projector_kafka_partitions_paused";
#[cfg(feature = "kafka")]
const WAITING: &str = "cinelog_projector_inbox_events";
#[cfg(feature = "kafka")]
const BROKEN_TOTAL: &str = "cinelog_projector_kafka_topic_broken_total";
#[cfg(feature = "kafka")]
const FAILING: &str = "cinelog_projector_kafka_failing";
const FED_BY_KAFKA: &str = "cinelog_projector_fed_by_kafka";

/// Says once what each metric is, and begins with none.
pub(super) fn describe() {
    describe_counter!(
        FELL_BACK_TOTAL,
        "Times that the leading projector took events from the log instead of Kafka, by reason."
    );
    describe_gauge!(
        FED_BY_KAFKA,
        "Whether this projector folds in what comes by Kafka: 1, or 0 where it reads the log or follows."
    );
    for why in Why::ALL {
        counter!(FELL_BACK_TOTAL, "reason" => why.label()).increment(0);
    }
}

/// What comes by Kafka is not waited for.
pub(super) fn fell_back(why: Why) {
    counter!(FELL_BACK_TOTAL, "reason" => why.label()).increment(1);
}

/// Whether what comes by Kafka is folded in.
pub(super) fn fed_by_kafka(fed: bool) {
    gauge!(FED_BY_KAFKA).set(if fed { 1.0 } else { 0.0 });
}

/// Says once what the metrics of receiving are, and begins with none.
#[cfg(feature = "kafka")]
pub(super) fn describe_receiving() -> Failing {
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
    Failing::none()
}

/// What became of some records.
#[cfg(feature = "kafka")]
pub(super) fn received(taken: u64, repeated: u64, refused: u64) {
    counter!(RECEIVED_TOTAL, "outcome" => "taken").increment(taken);
    counter!(RECEIVED_TOTAL, "outcome" => "repeated").increment(repeated);
    counter!(RECEIVED_TOTAL, "outcome" => "refused").increment(refused);
}

/// How many partitions are read, and how many of them are paused.
#[cfg(feature = "kafka")]
#[expect(clippy::cast_precision_loss, reason = "there are never so many")]
pub(super) fn partitions(assigned: usize, paused: usize) {
    gauge!(PARTITIONS).set(assigned as f64);
    gauge!(PAUSED).set(paused as f64);
}

/// How many events wait.
#[cfg(feature = "kafka")]
#[expect(clippy::cast_precision_loss, reason = "there are never so many")]
pub(super) fn waiting(events: u64) {
    gauge!(WAITING).set(events as f64);
}

/// Something is gone that was not read.
#[cfg(feature = "kafka")]
pub(super) fn broken(reason: &'static str) {
    counter!(BROKEN_TOTAL, "reason" => reason).increment(1);
}

/// Whether nothing comes through, as far as is known.
#[cfg(feature = "kafka")]
pub(super) struct Failing(Gauge);

#[cfg(feature = "kafka")]
impl Failing {
    fn none() -> Self {
        let failing = Self(gauge!(FAILING));
        failing.set(false);
        failing
    }

    /// Something failed, or went well.
    pub(super) fn set(&self, fails: bool) {
        self.0.set(if fails { 1.0 } else { 0.0 });
    }
}
