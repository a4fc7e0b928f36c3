//! How the server is reached, and how much is asked of it at once.

use std::{fmt, time::Duration};

use super::names::Names;

/// How the server is reached, and how much is asked of it at once.
#[derive(Clone)]
pub struct KurrentLogOptions {
    /// `kurrentdb://USER:PASSWORD@HOST:PORT?tls=…`, as the client's makers describe it.
    pub url: String,
    /// What the names of all streams of this log begin with, for several logs on one server; each
    /// reads only what is its own. `None`: names are as they are, and only the streams of films,
    /// ratings, collections and genres belong to the log.
    pub namespace: Option<String>,
    /// Appends under way at the same time; further callers wait for a place.
    pub appends_max: usize,
    /// How long one call may take. Its server is told, too.
    pub deadline: Duration,
    /// How often a call is made before it is given up, the first time included.
    pub attempts_max: u32,
    /// How often a subscription looks for events that another process has appended. Events of this
    /// process need no looking for.
    pub poll_interval: Duration,
    /// How often a log that could not be written is tried while nobody appends.
    pub probe_interval: Duration,
    /// How long an append may hold an idempotency key whose events are not there; at least twice as long
    /// as it can be under way. Afterwards whoever comes with the key may have it.
    pub claim_lease: Duration,
}

impl KurrentLogOptions {
    /// The defaults, for a server at `url`.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            namespace: None,
            appends_max: 256,
            deadline: Duration::from_secs(10),
            attempts_max: 8,
            poll_interval: Duration::from_millis(250),
            probe_interval: Duration::from_secs(1),
            claim_lease: Duration::from_secs(120),
        }
    }

    /// The lease of a claim: longer than an append is under way, whatever is configured.
    pub(super) fn lease(&self) -> Duration {
        let longest = self.deadline.saturating_mul(self.attempts_max.max(1));
        self.claim_lease.max(longest.saturating_mul(2))
    }

    pub(super) fn names(&self) -> Names {
        Names::new(self.namespace.as_deref())
    }
}

impl fmt::Debug for KurrentLogOptions {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KurrentLogOptions")
            .field("namespace", &self.namespace)
            .field("appends_max", &self.appends_max)
            .field("deadline", &self.deadline)
            .field("attempts_max", &self.attempts_max)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::KurrentLogOptions;

    #[test]
    fn a_claim_outlives_its_append_whatever_the_deadline_is() {
        let options = KurrentLogOptions {
            deadline: Duration::from_secs(3600),
            attempts_max: 8,
            ..KurrentLogOptions::at("kurrentdb://localhost")
        };
        assert_eq!(options.lease(), Duration::from_secs(2 * 8 * 3600));
    }

    #[test]
    fn a_password_is_in_nothing_that_is_printed() {
        let options = KurrentLogOptions::at("kurrentdb://admin:secret@localhost");
        assert!(!format!("{options:?}").contains("secret"));
    }
}
