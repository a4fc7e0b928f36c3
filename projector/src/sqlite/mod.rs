//! The read model in one SQLite file: WAL, `synchronous=NORMAL`, one connection that writes.
//!
//! A batch is one transaction: the checkpoint is compared, documents are loaded, events folded in,
//! changes and the new checkpoint written. A power cut may lose the last batches, never a part of
//! one; they are folded in again. Others read the same file with connections of their own.

mod batch;
mod bulk;
mod checkpoint;
mod failure;
mod load;
mod migrate;
mod options;
mod pace;
mod parked;
mod rows;
mod snapshot;
mod write;

use std::path::Path;

use events::{Digest, Position, RecordedEvent};
use read_model::{Checkpoint, Poison, ReadModelChanged};
use serde::{Deserialize, Serialize};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};

use tokio::runtime::Handle;

use crate::StoreError;
pub(crate) use failure::store_error;
pub use options::SqliteReadModelOptions;
use pace::Pace;
pub use parked::{ParkedStream, Retried};
pub(crate) use snapshot::Snapshot;
pub use snapshot::peek;

/// The most events that are folded in beside other work. Folding one takes some microseconds, during
/// which a thread of the runtime does nothing else.
const INLINE_EVENTS_MAX: usize = 64;

/// What to do with an event that cannot be folded in. In configuration: `halt` or `park`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoisonPolicy {
    /// Stop before it.
    Halt,
    /// Set it and the rest of its stream aside, and go on with all other streams.
    Park,
}

/// What became of a batch that is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What to tell the change feed.
    pub changed: ReadModelChanged,
    /// How many events were folded in.
    pub events_applied: u64,
    /// How many events were set aside, poison or behind it.
    pub events_parked: u64,
    /// The poison events that were found and parked.
    pub poison: Vec<Poison>,
    /// The poison event before which the batch was cut off, where the policy is to halt.
    pub halted: Option<Poison>,
}

/// A read model in a SQLite file, open for writing.
#[derive(Debug, Clone)]
pub struct SqliteReadModel {
    writer: SqlitePool,
    pace: Pace,
}

impl SqliteReadModel {
    /// Opens the file, making it where there is none, and brings its tables up to date. The folder
    /// must exist.
    ///
    /// # Errors
    /// [`StoreError::Open`] where the file cannot be opened, is no read model, or was written by a
    /// newer Cinelog.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(SqliteReadModelOptions::at(path.as_ref())).await
    }

    /// Opens the file as [`open`](Self::open) does, in the way that `options` say.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_with(options: SqliteReadModelOptions) -> Result<Self, StoreError> {
        let cannot_open = |reason: String| StoreError::Open { path: options.path.clone(), reason };
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.writer())
            .await
            .map_err(|error| cannot_open(error.to_string()))?;
        let mut connection = writer.acquire().await.map_err(store_error)?;
        migrate::run(&mut connection).await.map_err(|error| cannot_open(error.to_string()))?;
        if let Some(generation) = options.generation {
            let (stored, _) = checkpoint::read(&mut connection).await?;
            if stored.generation != generation {
                if stored.position != Position::START {
                    let stored = stored.generation;
                    let reason = format!("it is generation {stored}, not {generation}");
                    return Err(cannot_open(reason));
                }
                checkpoint::set_generation(&mut connection, generation).await?;
            }
        }
        drop(connection);
        Ok(Self { writer, pace: Pace::default() })
    }

    /// How far the log has been folded in.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        Ok(checkpoint::read(&mut connection).await?.0)
    }

    /// How far the log has been folded in, with the digest of what was folded in or parked.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn digest(&self) -> Result<(Checkpoint, Digest), StoreError> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        checkpoint::read(&mut connection).await
    }

    /// Folds `events` in, all or none, and moves the checkpoint from `from` to the last of them.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where the checkpoint is not `from`; then, as with every other error,
    /// nothing has changed.
    pub async fn apply(
        &self,
        from: Checkpoint,
        events: &[RecordedEvent],
        policy: PoisonPolicy,
    ) -> Result<Applied, StoreError> {
        let ascending = std::iter::once(from.position).chain(events.iter().map(|e| e.position));
        if !ascending.is_sorted_by(|earlier, later| earlier < later) {
            return Err(StoreError::OutOfOrder(from.position));
        }
        let mut writer = self.writer.acquire().await.map_err(store_error)?;
        self.pace.suit(&mut writer, events.len()).await?;
        let applied = batch::write_batch(&mut writer, from, events, policy).await;
        if applied.is_err() {
            // SQLite ends a transaction by itself when the disk is full, and sqlx goes on counting
            // it: a connection that has failed is not used again. How it closes changes nothing.
            drop(writer.close().await);
        }
        applied
    }

    /// Folds `events` in as [`apply`](Self::apply) does, many of them on a thread where that keeps
    /// nobody waiting.
    pub(crate) async fn apply_all(
        &self,
        from: Checkpoint,
        events: Vec<RecordedEvent>,
        policy: PoisonPolicy,
    ) -> Result<Applied, StoreError> {
        if events.len() <= INLINE_EVENTS_MAX {
            return self.apply(from, &events, policy).await;
        }
        let (model, runtime) = (self.clone(), Handle::current());
        let work = move || runtime.block_on(model.apply(from, &events, policy));
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StoreError::Damaged(format!("folding a batch in: {error}")))?
    }

    /// Closes the file, after what is under way has ended.
    pub async fn close(&self) {
        self.writer.close().await;
    }
}
