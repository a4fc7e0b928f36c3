//! `[bulk]`: many commands in one request, and jobs.

use std::time::Duration;

use command_api::BulkOptions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{duration, within};

/// Bulk requests (`POST /v1/movies/bulk`) and jobs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BulkConfig {
    /// Lines of one request that are carried out at the same time.
    pub(crate) lines_at_once: usize,
    /// Lines that one request may have.
    pub(crate) lines_max: u64,
    /// Bytes that one request may have, and the results of one job.
    pub(crate) bytes_max: u64,
    /// How long a request may send nothing while more is expected of it.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) idle_timeout: Duration,
    /// Jobs (`Prefer: respond-async`) that are carried out at the same time.
    pub(crate) jobs_at_once: usize,
    /// Jobs that are not finished; more are answered with 503.
    pub(crate) jobs_max: usize,
    /// Bytes that inputs and results of all jobs together may have on disk; a request that is over that is
    /// answered with 503, and a job whose results are over it fails.
    pub(crate) jobs_bytes_max: u64,
    /// How long a job is kept after it has finished, with its results.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) jobs_keep: Duration,
}

impl Default for BulkConfig {
    fn default() -> Self {
        let BulkOptions {
            lines_at_once,
            lines_max,
            bytes_max,
            idle_timeout,
            jobs_at_once,
            jobs_max,
            jobs_bytes_max,
            jobs_keep,
        } = BulkOptions::default();
        Self {
            lines_at_once,
            lines_max,
            bytes_max,
            idle_timeout,
            jobs_at_once,
            jobs_max,
            jobs_bytes_max,
            jobs_keep,
        }
    }
}

impl BulkConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        within(wrong, "bulk.lines_at_once", self.lines_at_once, 1..=10_000);
        within(wrong, "bulk.lines_max", self.lines_max, 1..=1_000_000_000);
        within(wrong, "bulk.bytes_max", self.bytes_max, 1_024..=1 << 40);
        let seconds = self.idle_timeout.as_secs();
        within(wrong, "bulk.idle_timeout in seconds", seconds, 1..=3_600);
        within(wrong, "bulk.jobs_at_once", self.jobs_at_once, 1..=64);
        within(wrong, "bulk.jobs_max", self.jobs_max, 1..=10_000);
        within(wrong, "bulk.jobs_bytes_max", self.jobs_bytes_max, 1_024..=1 << 44);
        let seconds = self.jobs_keep.as_secs();
        within(wrong, "bulk.jobs_keep in seconds", seconds, 60..=31_536_000);
    }

    /// The same for the routes.
    pub(crate) fn options(&self) -> BulkOptions {
        BulkOptions {
            lines_at_once: self.lines_at_once,
            lines_max: self.lines_max,
            bytes_max: self.bytes_max,
            idle_timeout: self.idle_timeout,
            jobs_at_once: self.jobs_at_once,
            jobs_max: self.jobs_max,
            jobs_bytes_max: self.jobs_bytes_max,
            jobs_keep: self.jobs_keep,
        }
    }
}
