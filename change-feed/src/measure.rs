//! Metrics of a feed.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const LISTENING: &str = "cinelog_change_feed_listening";
const MISSED_TOTAL: &str = "cinelog_change_feed_missed_total";
const UNSENT_TOTAL: &str = "cinelog_change_feed_unsent_total";

/// Describes the metrics. They begin at 0: nothing is heard yet.
pub(crate) fn describe() {
    describe_gauge!(LISTENING, "Whether changes of other processes are heard: 1, or 0.");
    describe_counter!(MISSED_TOTAL, "Times that changes may have been missed.");
    describe_counter!(UNSENT_TOTAL, "Changes that could not be told to other processes.");
    listening(false);
    counter!(MISSED_TOTAL).absolute(0);
    counter!(UNSENT_TOTAL).absolute(0);
}

/// Whether changes are heard.
pub(crate) fn listening(is_listening: bool) {
    gauge!(LISTENING).set(if is_listening { 1.0 } else { 0.0 });
}

/// Changes may have been missed.
pub(crate) fn missed() {
    counter!(MISSED_TOTAL).increment(1);
}

/// Changes could not be told to other processes.
pub(crate) fn unsent(changes: usize) {
    counter!(UNSENT_TOTAL).increment(changes as u64);
}
