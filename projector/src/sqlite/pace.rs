//! The settings of the connection: some while the read model is far behind, others while it keeps up.
//!
//! Far behind, pages stay in memory until a large batch is complete, and the write-ahead log is checkpointed rarely:
//! otherwise the same pages of the indexes would be written again and again. Otherwise, little memory is used.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::SqliteConnection;

use super::failure::store_error;
use crate::StoreError;

/// A read model is far behind if a batch has so many events or more.
const BEHIND_EVENTS: usize = 2048;

/// 256 MiB of memory for pages; a checkpoint of the write-ahead log at 64 MiB.
const BEHIND: &str = "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 16384";

/// What `options` set, and SQLite's own default.
const LIVE: &str = "PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 1000; \
    PRAGMA shrink_memory";

/// The settings of now. A connection that was opened anew has those of a read model that keeps up, which costs
/// nothing but speed until the next change.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    is_behind: Arc<AtomicBool>,
}

impl Pace {
    /// Sets the connection for a batch of so many events.
    pub(super) async fn suit(
        &self,
        connection: &mut SqliteConnection,
        events: usize,
    ) -> Result<(), StoreError> {
        let is_behind = events >= BEHIND_EVENTS;
        if self.is_behind.swap(is_behind, Ordering::Relaxed) == is_behind {
            return Ok(());
        }
        let set = if is_behind { BEHIND } else { LIVE };
        sqlx::raw_sql(set).execute(connection).await.map_err(store_error)?;
        Ok(())
    }
}
