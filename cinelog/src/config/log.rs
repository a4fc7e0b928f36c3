//! `[log]`: the event log.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{StoreUrl, duration, within};

/// The event log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// Which log, and where: `sqlite:PATH`, relative to the data folder.
    pub(crate) url: StoreUrl,
    /// Connections that read at the same time.
    pub(crate) readers: u32,
    /// How long an `Idempotency-Key` is remembered.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) idempotency_keep: Duration,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            url: StoreUrl::Sqlite("log.db".into()),
            readers: 4,
            idempotency_keep: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl LogConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        within(wrong, "log.readers", self.readers, 1..=64);
        let seconds = self.idempotency_keep.as_secs();
        within(wrong, "log.idempotency_keep in seconds", seconds, 60..=31_536_000);
    }
}
