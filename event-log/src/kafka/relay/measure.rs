//! What a relay measures of itself.

use std::time::Duration;

use events::Position;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const LEADS: &str = "cinelog_relay_leads";
const FAILING: &str = "cinelog_relay_failing";
const POSITION: &str = "cinelog_relay_position";
const LAG: &str = "cinelog_relay_lag_events";
const PUBLISHED: &str = "cinelog_relay_published_total";
const DURATION: &str = "cinelog_relay_transaction_duration_seconds";
const BATCH: &str = "cinelog_relay_transaction_events";

/// Says what each metric means, to whichever recorder is installed.
pub(super) fn describe() {
    describe_gauge!(LEADS, Unit::Count, "1 where this relay is the one that publishes, else 0");
    describe_gauge!(
        FAILING,
        Unit::Count,
        "1 while something keeps this relay from publishing or from seeing Kafka, else 0"
    );
    describe_gauge!(
        POSITION,
        Unit::Count,
        "Position up to which the log is published on Kafka, as far as this relay knows"
    );
    describe_gauge!(
        LAG,
        Unit::Count,
        "Events of the log that are not published on Kafka, as far as this relay knows"
    );
    describe_counter!(PUBLISHED, Unit::Count, "Events that this relay has published on Kafka");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "How long a transaction of the relay takes, from its begin until it is committed"
    );
    describe_histogram!(BATCH, Unit::Count, "Events that the relay published in one transaction");
    counter!(PUBLISHED).absolute(0);
}

/// How the relay stands.
pub(super) fn standing(
    leads: bool,
    is_failing: bool,
    position: Option<Position>,
    lag_events: Option<u64>,
) {
    gauge!(LEADS).set(if leads { 1.0 } else { 0.0 });
    gauge!(FAILING).set(if is_failing { 1.0 } else { 0.0 });
    // Exact up to 2^53 events.
    if let Some(position) = position {
        gauge!(POSITION).set(position.0 as f64);
    }
    if let Some(lag) = lag_events {
        gauge!(LAG).set(lag as f64);
    }
}

/// Events were published, in one transaction.
pub(super) fn published(events: usize, took: Duration) {
    counter!(PUBLISHED).increment(events as u64);
    histogram!(DURATION).record(took.as_secs_f64());
    histogram!(BATCH).record(events as f64);
}
