//! How large, how long, how often.

use std::time::Duration;

/// What is uploaded at a time where an object is larger than that. S3 wants 5 MiB at least.
pub(crate) const PART_BYTES: usize = 8 << 20;

/// Objects that one listing gives.
pub(crate) const LISTED_MAX: usize = 1_000;

/// Bounds of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one object.
    pub object_bytes_max: u64,
    /// How long one step may take: a request with all its repetitions, or the next part of a content.
    pub timeout: Duration,
    /// How often a request is repeated that failed, where it may be.
    pub retries_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_bytes_max: 64 << 20, timeout: Duration::from_secs(10), retries_max: 2 }
    }
}
