//! What a log measures of itself; the same names whatever the store.

use std::time::Duration;

use events::Position;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::{AppendError, LogError};

const APPENDS: &str = "cinelog_log_appends_total";
const COMMIT_DURATION: &str = "cinelog_log_commit_duration_seconds";
const BATCH_APPENDS: &str = "cinelog_log_batch_appends";
const POSITION: &str = "cinelog_log_position";
const AVAILABLE: &str = "cinelog_log_available";

/// Says what each metric means, to whichever recorder is installed.
pub(crate) fn describe() {
    describe_counter!(APPENDS, Unit::Count, "Appends answered, by outcome");
    describe_histogram!(
        COMMIT_DURATION,
        Unit::Seconds,
        "How long a transaction of the log takes, from its begin until it is durable"
    );
    describe_histogram!(BATCH_APPENDS, Unit::Count, "Appends that shared one transaction");
    describe_gauge!(POSITION, Unit::Count, "Position of the last event that this process knows of");
    describe_gauge!(AVAILABLE, Unit::Count, "1 while the log can be written, 0 while it cannot");
}

/// What became of an append, as the metrics' label tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    Appended,
    Repeated,
    Refused(&'static str),
}

impl From<&AppendError> for Outcome {
    fn from(error: &AppendError) -> Self {
        Self::Refused(match error {
            AppendError::Conflict { .. } => "conflict",
            AppendError::GivenChanged { .. } => "given_changed",
            AppendError::DuplicateEvent(_) => "duplicate_event",
            AppendError::KeyTaken => "key_taken",
            AppendError::TooLarge { .. } => "too_large",
            AppendError::Log(LogError::Unavailable(_)) => "unavailable",
            AppendError::Log(LogError::Damaged { .. }) => "damaged",
        })
    }
}

/// An append was answered.
pub(crate) fn answered(outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Appended => "appended",
        Outcome::Repeated => "repeated",
        Outcome::Refused(why) => why,
    };
    counter!(APPENDS, "outcome" => outcome).increment(1);
}

/// A transaction ended, whatever its outcome.
pub(crate) fn committed(appends: usize, took: Duration) {
    histogram!(COMMIT_DURATION).record(took.as_secs_f64());
    // Exact up to 2^53 appends.
    histogram!(BATCH_APPENDS).record(appends as f64);
}

/// Whether the last write got through.
pub(crate) fn available(available: bool) {
    gauge!(AVAILABLE).set(if available { 1.0 } else { 0.0 });
}

/// The log has reached a position.
pub(crate) fn reached(head: Position) {
    // Exact up to 2^53 events.
    gauge!(POSITION).set(head.0 as f64);
}
