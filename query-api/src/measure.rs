//! What becomes of reads, as metrics. The response cache has its own.

use metrics::{Counter, counter, describe_counter};

const GIVEN_UP_TOTAL: &str = "cinelog_query_given_up_total";
const WAITS_TOTAL: &str = "cinelog_query_waits_total";

/// How a wait for a position ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    /// The read model has reached it.
    Reached,
    /// Patience was at an end before.
    GaveUp,
    /// There was no room for one more to wait.
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

/// Says once what each is; they begin at 0, so that the first event is seen as an increase.
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
