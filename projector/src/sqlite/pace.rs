//! How a connection is set while the read model is far behind, and how while it is live.
//!
//! Far behind, pages are kept in memory until a large batch is whole, and the write-ahead log is folded
//! back rarely: otherwise the same pages of the indexes are written again and again. Live, memory is
//! kept small.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::SqliteConnection;

use super::failure::store_error;
use crate::StoreError;

/// A batch of so many events or more is one of a read model that is far behind.
const BEHIND_EVENTS: usize = 2048;

/// Memory for pages: 256 MiB. The write-ahead log is folded back at 64 MiB.
const BEHIND: &str = "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 16384";

/// What `options` set, and SQLite's own default.
const LIVE: &str = "PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 1000; \
    PRAGMA shrink_memory";

/// How the connection is set now. A connection that was opened anew is set as for a live read model,
/// which costs speed until the next change and nothing else.
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
