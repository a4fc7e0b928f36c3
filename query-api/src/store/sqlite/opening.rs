//! Opening the file: connections that only read, and a first look whether it holds a read model.

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::{SqliteStore, row::read_checkpoint};
use crate::store::StoreError;

/// How long a request waits for a connection, or for a lock of the file.
const PATIENCE: Duration = Duration::from_secs(5);

impl SqliteStore {
    /// Opens the file for reading. Lists share at most `connections`, and so do reads of one row.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no file, [`StoreError::Foreign`] where it holds no read
    /// model, and [`StoreError::Unavailable`] where it cannot be opened.
    pub async fn open(path: &Path, connections: u32) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        if !path.exists() {
            return Err(StoreError::Missing(place));
        }
        // Not `read_only`: a reader of a WAL file takes part in the bookkeeping beside it.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .busy_timeout(PATIENCE)
            .pragma("query_only", "ON")
            .pragma("temp_store", "MEMORY");
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            // A file does not hang up.
            .test_before_acquire(false);
        let rows = pool.clone().connect_lazy_with(options.clone());
        let pool = pool
            // The deadline is that of one snapshot, not of whoever has the connection next.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.lock_handle().await?.remove_progress_handler();
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
            .map_err(|error| StoreError::from(error).at(&place))?;
        let mut connection = pool.acquire().await?;
        let checkpoint = read_checkpoint(&mut connection).await;
        let generation = checkpoint.map_err(|error| StoreError::from(error).at(&place))?.generation;
        drop(connection);
        Ok(Self { pool, total: Arc::default(), rows, generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_file_there_is_no_store() {
        let folder = tempfile::tempdir().unwrap();
        let opened = SqliteStore::open(&folder.path().join("read-model.db"), 1).await;
        assert!(matches!(opened, Err(StoreError::Missing(_))));
        assert!(!folder.path().join("read-model.db").exists(), "nothing is made");
    }

    #[tokio::test]
    async fn a_file_without_tables_is_no_read_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read-model.db");
        std::fs::write(&path, b"").unwrap();
        let opened = SqliteStore::open(&path, 1).await;
        assert!(matches!(opened, Err(StoreError::Foreign { .. })), "{opened:?}");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_opened_may_be_opened_later() {
        let folder = tempfile::tempdir().unwrap();
        let opened = SqliteStore::open(folder.path(), 1).await;
        assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
    }

    #[tokio::test]
    async fn a_file_of_something_else_is_no_read_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read-model.db");
        std::fs::write(&path, [b'x'; 4096]).unwrap();
        let opened = SqliteStore::open(&path, 1).await;
        assert!(matches!(opened, Err(StoreError::Foreign { .. })), "{opened:?}");
    }
}
