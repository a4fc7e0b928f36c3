//! How the projection is doing, for whoever watches it, whichever generation is live.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{counter, describe_counter};
use projector::Status;

/// Counts what did not come about.
const REFUSED_TOTAL: &str = "cinelog_generation_switches_refused_total";

/// How the projector at work is doing, whichever generation it works on. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveStatus(Arc<Mutex<Live>>);

/// What is shared.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// That of the projector at work, or of the one that is to be within moments.
    status: Status,
    /// How often another generation could not take over.
    pub(super) refused: u64,
}

impl LiveStatus {
    /// Says once what the metric is.
    pub(super) fn describe() {
        describe_counter!(REFUSED_TOTAL, "Times that a generation made live could not take over.");
        // From the start, so that the first time is seen as an increase.
        counter!(REFUSED_TOTAL).increment(0);
    }

    /// How it is doing now.
    pub(crate) fn report(&self) -> projector::Report {
        self.lock().status.report()
    }

    /// Another projector is at work.
    pub(super) fn replace(&self, status: &Status) {
        self.lock().status = status.clone();
    }

    /// Another generation could not take over.
    pub(super) fn refuse(&self) {
        self.lock().refused += 1;
        counter!(REFUSED_TOTAL).increment(1);
    }

    /// What is shared.
    pub(super) fn lock(&self) -> MutexGuard<'_, Live> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
