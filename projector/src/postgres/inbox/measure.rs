//! Metrics of the feed: whether it takes events from Kafka, and why not.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::status::Why;

const FELL_BACK_TOTAL: &str = "cinelog_projector_fell_back_total";
const FED_BY_KAFKA: &str = "cinelog_projector_fed_by_kafka";

/// Describes the metrics. The counters begin at 0, so that the first event is seen as an increase.
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

/// The projector has gone back to the log.
pub(super) fn fell_back(why: Why) {
    counter!(FELL_BACK_TOTAL, "reason" => why.label()).increment(1);
}

/// Whether the events come from Kafka.
pub(super) fn fed_by_kafka(fed: bool) {
    gauge!(FED_BY_KAFKA).set(if fed { 1.0 } else { 0.0 });
}
