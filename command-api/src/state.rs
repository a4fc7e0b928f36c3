//! What the routes share.

use std::sync::Arc;

use event_log::EventLog;
use http_kit::Clock;

use crate::{executor::Executor, idempotency::InFlight};

/// What the routes share. Clones share it too.
#[derive(Clone)]
pub struct CommandState {
    pub(crate) executor: Executor,
    pub(crate) require_if_match: bool,
    pub(crate) in_flight: InFlight,
}

impl CommandState {
    /// Commands are appended to `log`; `clock` gives the times and ids of their events.
    ///
    /// With `require_if_match`, films are changed, deleted and restored, and their tags and platforms
    /// changed, only under `If-Match`, `If-Unmodified-Since` or `expected_version`; without them the
    /// answer is 428 (RFC 6585 section 3).
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Clock, require_if_match: bool) -> Self {
        Self {
            executor: Executor::new(log, clock),
            require_if_match,
            in_flight: InFlight::default(),
        }
    }
}
