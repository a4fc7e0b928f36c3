//! Metrics of reads. The response cache has its own.

use metrics::{Counter, counter, describe_counter};

const GIVEN_UP_TOTAL: &str = "cinelog_query_given_up_total";
const WAITS_TOTAL: &str = "cinelog_query_waits_total";

/// How a wait for a position ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    /// The read model reached the position in time.
    Reached,
    /// The read model did not reach it in time.
    GaveUp,
    /// Too many requests waited already.
    Refused,
}

impl Wait {
    const ALL: [Self; 3] = [Self::Reached, Self::GaveUp, Self::Refused];

    fn counter(self) -> Counter {
        let outcome = match self {
            Self::Reached => "reached",
            Self::GaveUp => "gave_up",
            Self::Refused => "refused",
        };
        counter!(WAITS_TOTAL, "outcome" => outcome)
    }
}

/// Describes the metrics. They begin at 0, so that the first event is seen as an increase.
pub(crate) fn describe() {
    describe_counter!(GIVEN_UP_TOTAL, "Reads that took too long and were given up.");
    describe_counter!(
        WAITS_TOTAL,
        "Reads that waited for a position, by outcome: reached, gave_up or refused."
    );
    counter!(GIVEN_UP_TOTAL).increment(0);
    Wait::ALL.into_iter().for_each(|wait| wait.counter().increment(0));
}

pub(crate) fn given_up() {
    counter!(GIVEN_UP_TOTAL).increment(1);
}

pub(crate) fn waited(wait: Wait) {
    wait.counter().increment(1);
}
