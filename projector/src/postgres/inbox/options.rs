//! How long the inbox is waited for, and how often it is looked at.

use std::time::Duration;

/// How the inbox is waited for.
#[derive(Debug, Clone, Copy)]
pub struct InboxFeedOptions {
    /// How long an event may fail to come that the log has.
    pub late_max: Duration,
    /// How often is looked whether other processes have put something in.
    pub look_every: Duration,
    /// How long the log is read at least that was gone back to. Doubled each time that the inbox was no
    /// good for as long.
    pub log_first: Duration,
    /// The longest that becomes.
    pub log_longest: Duration,
    /// How long something that came may stand beyond the end of the log before it is taken for none of its
    /// events. Longer than a standby lags that the log may be read from.
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
