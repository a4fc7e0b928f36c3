//! The read model in one SQLite file: WAL, `synchronous=NORMAL`, one connection that writes.
//!
//! A batch is one transaction: the checkpoint is compared, documents are loaded, events are folded in, and
//! changes and the new checkpoint are written. A power cut may lose the last batches, but never a part of one;
//! they are folded in again. Queries read the same file over connections of their own.

mod batch;
mod bulk;
mod checkpoint;
mod failure;
mod file_lock;
mod films;
mod generations;
mod load;
mod migrate;
mod options;
mod pace;
mod parked;
mod pointer;
mod read_models;
mod rows;
mod snapshot;
mod tables;
mod write;

use std::path::Path;

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::Checkpoint;
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};

use crate::{
    StoreError,
    port::{Batch, Leadership, ParkedStream, ReadModel},
};
use batch::SqliteBatch;
use failure::store_error;
pub use generations::{GenerationFile, Generations};
pub use options::SqliteReadModelOptions;
use pace::Pace;
pub use read_models::SqliteReadModels;

/// A read model in a SQLite file, open for writing.
#[derive(Debug, Clone)]
pub struct SqliteReadModel {
    writer: SqlitePool,
    pace: Pace,
}

impl SqliteReadModel {
    /// Opens the file, makes it if there is none, and brings its tables up to date. The folder must exist.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the file cannot be opened, is no read model, or was written by a newer Cinelog.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(SqliteReadModelOptions::at(path.as_ref())).await
    }

    /// Opens a file as [`open`](Self::open) does, with `options`.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_with(options: SqliteReadModelOptions) -> Result<Self, StoreError> {
        let cannot_open = |reason: String| {
            let place = options.path.display().to_string();
            StoreError::Open { place, reason }
        };
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
}

/// Whoever has opened the file leads: file locks keep other processes out. If two write all the same, the
/// checkpoint is compared with each batch, so that only one of them can go on.
#[async_trait]
impl ReadModel for SqliteReadModel {
    async fn lead(&self) -> Result<Leadership, StoreError> {
        Ok(Leadership::Leading)
    }

    async fn resign(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn digest(&self) -> Result<(Checkpoint, Digest), StoreError> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        checkpoint::read(&mut connection).await
    }

    async fn begin(&self, from: Checkpoint, events: usize) -> Result<Box<dyn Batch>, StoreError> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        self.pace.suit(&mut connection, events).await?;
        Ok(Box::new(SqliteBatch::begin(connection, from).await?))
    }

    async fn parked_streams(&self) -> Result<u64, StoreError> {
        parked::count(&self.writer).await
    }

    async fn parked(&self, after: Position, limit: u32) -> Result<Vec<ParkedStream>, StoreError> {
        parked::list(&self.writer, after, limit).await
    }

    async fn parked_stream(&self, name: &str) -> Result<Option<ParkedStream>, StoreError> {
        parked::find(&self.writer, name).await
    }

    async fn ask_retry(&self, stream: Option<&str>) -> Result<u64, StoreError> {
        parked::ask_retry(&self.writer, stream).await
    }

    async fn asked(&self, limit: u32) -> Result<Vec<StreamName>, StoreError> {
        parked::asked(&self.writer, limit).await
    }

    async fn refuse_retry(&self, stream: &StreamName) -> Result<(), StoreError> {
        parked::refuse_retry(&self.writer, stream).await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
