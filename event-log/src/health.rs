//! Whether appends get through: what the appender last met, for whoever asks.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use crate::{LogError, measure};

/// Shared between the appender, which writes it, and the log, which is asked. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health(Arc<Mutex<Option<Trouble>>>);

/// Since when and why appends have failed.
#[derive(Debug)]
struct Trouble {
    since: Instant,
    reason: String,
}

impl Health {
    /// Something was written.
    pub(crate) fn succeeded(&self) {
        if self.trouble().take().is_some() {
            tracing::info!("the event log can be written again");
        }
        measure::available(true);
    }

    /// The store could not be written.
    pub(crate) fn failed(&self, reason: &str) {
        let mut trouble = self.trouble();
        let since = trouble.as_ref().map_or_else(Instant::now, |trouble| trouble.since);
        *trouble = Some(Trouble { since, reason: reason.to_owned() });
        measure::available(false);
    }

    /// Whether the last write failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.trouble().is_some()
    }

    /// What [`crate::EventLog::health`] answers.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        match &*self.trouble() {
            None => Ok(()),
            Some(Trouble { since, reason }) => {
                let seconds = since.elapsed().as_secs();
                let reason = format!("nothing can be appended for {seconds} s now: {reason}");
                Err(LogError::Unavailable(reason))
            }
        }
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        // What is in there is right at every moment, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
