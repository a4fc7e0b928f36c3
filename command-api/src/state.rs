//! What the routes share.

use std::sync::Arc;

use event_log::EventLog;
use http_kit::Clock;

use tokio_util::sync::CancellationToken;

use crate::{
    bulk::{BulkOptions, Memory},
    executor::Executor,
    in_flight::InFlight,
    jobs::Jobs,
    measure,
};

/// What commands are bounded by.
#[derive(Debug, Clone, Default)]
pub struct CommandOptions {
    /// Whether films are changed, deleted and restored, and their tags and platforms changed, only
    /// under `If-Match`, `If-Unmodified-Since` or `expected_version`; without them the answer is 428
    /// (RFC 6585 section 3).
    pub require_if_match: bool,
    /// Bounds on bulk requests and jobs.
    pub bulk: BulkOptions,
    /// Cancelled when the server begins to stop: streams of commands end then, between two of them.
    pub stopping: CancellationToken,
}

/// What the routes share. Clones share it too.
#[derive(Clone)]
pub struct CommandState {
    pub(crate) executor: Executor,
    pub(crate) require_if_match: bool,
    pub(crate) in_flight: InFlight,
    pub(crate) bulk: Arc<BulkOptions>,
    pub(crate) memory: Memory,
    pub(crate) jobs: Jobs,
    pub(crate) stopping: CancellationToken,
}

impl CommandState {
    /// Commands are appended to `log`; `clock` gives the times and ids of their events; `jobs` keeps
    /// those that are carried out later.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Clock, jobs: Jobs, options: CommandOptions) -> Self {
        measure::describe();
        Self {
            executor: Executor::new(log, clock),
            require_if_match: options.require_if_match,
            in_flight: InFlight::default(),
            bulk: Arc::new(options.bulk),
            memory: Memory::default(),
            jobs,
            stopping: options.stopping,
        }
    }
}
