//! What becomes of commands, as metrics.

use metrics::{Counter, counter, describe_counter, describe_gauge, gauge};

const LINES_TOTAL: &str = "cinelog_bulk_lines_total";
const REPEATED_TOTAL: &str = "cinelog_commands_repeated_total";
const CONFLICTS_TOTAL: &str = "cinelog_command_conflicts_total";
const JOBS_QUEUED: &str = "cinelog_jobs_queued";
const JOBS_RUNNING: &str = "cinelog_jobs_running";
const JOBS_BYTES: &str = "cinelog_jobs_bytes";

/// What became of a line of a bulk request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LineOutcome {
    /// It was carried out.
    Succeeded,
    /// It was refused for what it says.
    Refused,
    /// It could not be carried out now.
    Unavailable,
}

impl LineOutcome {
    const ALL: [Self; 3] = [Self::Succeeded, Self::Refused, Self::Unavailable];

    fn counter(self) -> Counter {
        let outcome = match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        };
        counter!(LINES_TOTAL, "outcome" => outcome)
    }
}

/// Says once what each is; counters begin at 0, so that the first event is seen as an increase.
pub(crate) fn describe() {
    describe_counter!(
        LINES_TOTAL,
        "Lines of bulk requests and jobs, by outcome: succeeded, refused or unavailable."
    );
    describe_counter!(REPEATED_TOTAL, "Requests answered as before, by their Idempotency-Key.");
    describe_counter!(CONFLICTS_TOTAL, "Times that somebody else was faster at the same stream.");
    describe_gauge!(JOBS_QUEUED, "Jobs that wait to be carried out.");
    describe_gauge!(JOBS_RUNNING, "Jobs that are being carried out.");
    describe_gauge!(JOBS_BYTES, "What all jobs hold on disk, in bytes.");
    LineOutcome::ALL.into_iter().for_each(|outcome| outcome.counter().increment(0));
    counter!(REPEATED_TOTAL).increment(0);
    counter!(CONFLICTS_TOTAL).increment(0);
}

pub(crate) fn line(outcome: LineOutcome) {
    outcome.counter().increment(1);
}

pub(crate) fn repeated() {
    counter!(REPEATED_TOTAL).increment(1);
}

pub(crate) fn conflict() {
    counter!(CONFLICTS_TOTAL).increment(1);
}

/// How many jobs there are, and what they hold.
pub(crate) fn jobs(queued: usize, running: usize, bytes: u64) {
    gauge!(JOBS_QUEUED).set(queued as f64);
    gauge!(JOBS_RUNNING).set(running as f64);
    gauge!(JOBS_BYTES).set(bytes as f64);
}
