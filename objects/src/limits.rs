//! The bounds of a store.

use std::time::Duration;

/// The size of a part, in bytes: larger objects are uploaded in several parts. S3 demands at least 5 MiB.
pub(crate) const PART_BYTES: usize = 8 << 20;

/// The most objects on a page of a listing.
pub(crate) const LISTED_MAX: usize = 1_000;

/// Bounds of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest object, in bytes.
    pub object_bytes_max: u64,
    /// How long one step may take: a request with all its retries, or the next piece of some content.
    pub timeout: Duration,
    /// How often a failed request is tried again, if it may be.
    pub retries_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_bytes_max: 64 << 20, timeout: Duration::from_secs(10), retries_max: 2 }
    }
}
