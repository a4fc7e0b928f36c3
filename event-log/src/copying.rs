//! The port for copying a log into another store, events and remembered keys as they are.
//!
//! Apart from [`EventLog`]: whoever serves commands has no way to write what others decided.

use async_trait::async_trait;
use events::{Digest, RecordedEvent};
use jiff::Timestamp;

use crate::{EventLog, LogError, Remembered};

/// What the log remembers under an idempotency key, with all that it takes to remember it elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedKey {
    /// The key.
    pub key: String,
    /// What [`EventLog::recall`] gives for it.
    pub remembered: Remembered,
    /// What [`EventLog::forget_keys`] goes by.
    pub recorded_at: Timestamp,
}

/// Why recorded events were not taken over.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RestoreError {
    /// The log does not hold exactly the events that these follow. Nothing was changed, where the store has
    /// a lock for that.
    #[error("the log holds {actual}, which is not what these events follow")]
    NotTheBeginning {
        /// What it holds.
        actual: Digest,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A log that can be copied, and that a copy can be made in.
#[async_trait]
pub trait CopyableLog: EventLog {
    /// Takes over events that another log has recorded, in their order: with their ids, revisions,
    /// times and data as they are. Where positions have no gaps here, an event gets the place that it
    /// has in the order, which is its position in any other log without gaps; elsewhere the store
    /// gives it a position of its own. At most [`RESTORE_EVENTS_MAX`] events.
    ///
    /// They are taken only where the log holds exactly the events of the digest `after`, which is looked
    /// at under the lock that appends take: nobody's events come in between. Gives the digest with
    /// them. They are durable then, and subscriptions find them, those of this process perhaps later
    /// than what it appends itself.
    ///
    /// # Errors
    /// After [`LogError::Unavailable`] some of them may be there, always a beginning: whoever looks at
    /// the log's digest knows where to go on. A store without a lock between processes finds out afterwards
    /// that another process has appended: that is [`RestoreError::NotTheBeginning`], too, and some of
    /// the events are there.
    async fn restore(
        &self,
        after: Digest,
        events: Vec<RecordedEvent>,
    ) -> Result<Digest, RestoreError>;

    /// The remembered keys after `after`, in the order of their bytes; at most `limit`.
    async fn remembered_keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RememberedKey>, LogError>;

    /// Remembers keys of another log, at most [`RESTORE_KEYS_MAX`]. After an error some of them may be
    /// remembered, or none: it may be asked for again. A key that is taken
    /// keeps what it has. Gives how many were new.
    async fn restore_keys(&self, keys: Vec<RememberedKey>) -> Result<u64, LogError>;
}

/// The most events in one call of [`CopyableLog::restore`]. What they hold together has no other bound
/// than that of each.
pub const RESTORE_EVENTS_MAX: usize = 10_000;

/// The most keys in one call of [`CopyableLog::restore_keys`].
pub const RESTORE_KEYS_MAX: usize = 10_000;
