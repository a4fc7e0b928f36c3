//! How long the inbox is waited for, and how often it is looked at.

use std::time::Duration;

/// How the inbox is waited for.
#[derive(Debug, Clone, Copy)]
pub struct InboxFeedOptions {
    /// How much later than in the log an event may come before the log is read instead.
    pub late_max: Duration,
    /// How often the inbox is looked at for what other processes have put in.
    pub look_every: Duration,
    /// How long the log is read at first before the inbox is tried again. It doubles each time that the inbox
    /// fails again soon.
    pub log_first: Duration,
    /// The longest time that the log is read before the inbox is tried again.
    pub log_longest: Duration,
    /// How long an event may claim a position beyond the end of the log before it counts as none of the log's. It
    /// should be longer than any standby lags that the log is read from.
    pub beyond_max: Duration,
}

impl Default for InboxFeedOptions {
    fn default() -> Self {
        Self {
            late_max: Duration::from_secs(2),
            look_every: Duration::from_millis(20),
            log_first: Duration::from_secs(1),
            log_longest: Duration::from_secs(60),
            beyond_max: Duration::from_secs(60),
        }
    }
}
