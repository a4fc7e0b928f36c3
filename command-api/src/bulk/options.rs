//! Bounds on what bulk requests may cost.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::LINE_BYTES_MAX;

/// How much input all lines under way in this process hold at most, in KiB.
const MEMORY_KIB: u32 = 64 << 10;

/// Bounds on bulk requests and jobs.
#[derive(Debug, Clone)]
pub struct BulkOptions {
    /// Lines of one request that are worked on at a time.
    pub lines_at_once: usize,
    /// Lines of one request.
    pub lines_max: u64,
    /// Bytes of one request, and of the results of one job.
    pub bytes_max: u64,
    /// How long a request may send nothing while more is expected of it.
    pub idle_timeout: Duration,
    /// Jobs that are worked on at a time.
    pub jobs_at_once: usize,
    /// Jobs that are not finished.
    pub jobs_max: usize,
    /// Bytes of all jobs together, input and results.
    pub jobs_bytes_max: u64,
    /// How long a job that is finished is kept.
    pub jobs_keep: Duration,
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            lines_at_once: 256,
            lines_max: 1_000_000,
            bytes_max: 1 << 30,
            idle_timeout: Duration::from_secs(30),
            jobs_at_once: 2,
            jobs_max: 100,
            jobs_bytes_max: 8 << 30,
            jobs_keep: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// The memory that lines under way share. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MEMORY_KIB as usize)))
    }
}

impl Memory {
    /// Waits until there is room for a line of this length. The room is free again when the permit is
    /// dropped. `None` only where no room is given any more.
    pub(crate) async fn room_for(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = bytes.min(LINE_BYTES_MAX).div_ceil(1024);
        Arc::clone(&self.0).acquire_many_owned(u32::try_from(kib).unwrap_or(MEMORY_KIB)).await.ok()
    }
}
