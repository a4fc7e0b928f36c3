//! The read model in one SQLite file: a pool of connections that only read.
//!
//! The projector makes the file and is the only one to write to it. Every answer comes from one
//! [`Snapshot`], so that what it shows and the position it names belong together.

mod facets;
mod listing;
mod movies;
mod ratings;
mod total;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use events::Position;
use read_model::Checkpoint;
use sqlx::{
    Row, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};

use super::StoreError;

use total::Total;

pub(crate) use facets::FacetFilter;

/// How long a request waits for a connection, or for a lock of the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a snapshot may be read, from its beginning. Connections are few, and a read that takes
/// longer keeps everybody else waiting.
const READING_MAX: Duration = Duration::from_secs(2);

/// After how many of SQLite's steps the time is looked at: far less than a millisecond's worth.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;

/// The read model in a SQLite file. Clones share their connections.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// For snapshots, which have a deadline.
    pool: SqlitePool,
    /// How many films there are, for the planning of lists.
    total: Arc<Total>,
    /// For reads of one row. They need no deadline, and are spared what it costs.
    rows: SqlitePool,
}

/// The read model as it was at one moment.
pub(crate) struct Snapshot {
    transaction: Transaction<'static, Sqlite>,
    total: Arc<Total>,
    /// What it reflects.
    pub(crate) checkpoint: Checkpoint,
}

impl SqliteStore {
    /// Opens the file for reading, with at most so many connections.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no file, [`StoreError::Foreign`] where it holds no read
    /// model, and [`StoreError::Unavailable`] where it cannot be opened.
    pub async fn open(path: &Path, connections: u32) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
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
            .map_err(|source| foreign_or_unavailable(path, source))?;
        let store = Self { pool, total: Arc::default(), rows };
        let mut connection = store.pool.acquire().await?;
        read_checkpoint(&mut connection)
            .await
            .map_err(|source| foreign_or_unavailable(path, source))?;
        drop(connection);
        Ok(store)
    }

    /// What the read model reflects now.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        let mut connection = self.rows.acquire().await?;
        Ok(read_checkpoint(&mut connection).await?)
    }

    /// Closes all connections, when what they are reading is read.
    pub async fn close(&self) {
        self.pool.close().await;
        self.rows.close().await;
    }

    /// Begins to read. What is not read after [`READING_MAX`] is given up, with
    /// [`StoreError::TooSlow`].
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.snapshot_for(READING_MAX).await
    }

    async fn snapshot_for(&self, time: Duration) -> Result<Snapshot, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let deadline = Instant::now() + time;
        transaction
            .lock_handle()
            .await?
            .set_progress_handler(STEPS_BETWEEN_LOOKS, move || Instant::now() < deadline);
        // The first read is what fixes the moment.
        let checkpoint = read_checkpoint(&mut transaction).await?;
        Ok(Snapshot { transaction, total: Arc::clone(&self.total), checkpoint })
    }
}

fn foreign_or_unavailable(path: &Path, source: sqlx::Error) -> StoreError {
    match StoreError::from(source) {
        StoreError::Damaged(source) => match source.downcast::<sqlx::Error>() {
            Ok(source) => StoreError::Foreign { path: path.to_owned(), source: *source },
            Err(source) => StoreError::Damaged(source),
        },
        other => other,
    }
}

async fn read_checkpoint(connection: &mut SqliteConnection) -> Result<Checkpoint, sqlx::Error> {
    let row = sqlx::query("SELECT generation, position FROM checkpoint WHERE one = 1")
        .fetch_one(connection)
        .await?;
    checkpoint_of(&row)
}

/// The checkpoint in a row that begins with it.
fn checkpoint_of(row: &SqliteRow) -> Result<Checkpoint, sqlx::Error> {
    let unsigned = |index: usize| -> Result<u64, sqlx::Error> {
        let number: i64 = row.try_get(index)?;
        u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    Ok(Checkpoint { generation: unsigned(0)?, position: Position(unsigned(1)?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ReadModel;

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

    #[tokio::test]
    async fn the_store_cannot_write() {
        let model = ReadModel::new().await;
        let mut snapshot = model.store().snapshot().await.unwrap();
        let written = sqlx::query("UPDATE checkpoint SET position = 9")
            .execute(&mut *snapshot.transaction)
            .await;
        assert!(written.is_err());
    }

    /// Takes SQLite a million steps.
    async fn count_far(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
        let sql =
            "WITH RECURSIVE far (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM far LIMIT 100000)
                   SELECT COUNT(*) FROM far";
        Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
    }

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_given_up_and_its_connection_serves_others() {
        let model = ReadModel::new().await;
        for _ in 0..4 {
            let mut late = model.store().snapshot_for(Duration::ZERO).await.unwrap();
            let given_up = count_far(&mut late.transaction).await;
            assert!(matches!(given_up, Err(StoreError::TooSlow(_))), "{given_up:?}");
        }
        let mut in_time = model.store().snapshot_for(Duration::from_secs(3600)).await.unwrap();
        assert_eq!(count_far(&mut in_time.transaction).await.unwrap(), 100_000);
    }

    #[tokio::test]
    async fn the_deadline_of_a_snapshot_goes_with_it() {
        let model = ReadModel::new().await;
        let late = model.store().snapshot_for(Duration::ZERO).await.unwrap();
        drop(late);
        let mut connection = model.store().pool.acquire().await.unwrap();
        assert_eq!(count_far(&mut connection).await.unwrap(), 100_000);
    }

    #[tokio::test]
    async fn whoever_gets_no_connection_in_time_is_told_to_come_again() {
        let model = ReadModel::new().await;
        let store = model.store();
        let others = [store.snapshot().await.unwrap(), store.snapshot().await.unwrap()];
        // Nothing else goes on, so the clock jumps to the end of the waiting.
        tokio::time::pause();
        let answer = model.get("/v1/movies").await;
        tokio::time::resume();
        let problem = answer.problem.unwrap();
        assert_eq!(problem.problem_type(), http_kit::ProblemType::Unavailable);
        assert_eq!(problem.headers()["retry-after"], "1");
        drop(others);
        assert_eq!(model.get("/v1/movies").await.status, http::StatusCode::OK);
    }

    #[tokio::test]
    async fn a_snapshot_stays_as_it_was() {
        let model = ReadModel::new().await;
        let mut snapshot = model.store().snapshot().await.unwrap();
        model.put_film(&crate::testing::film("Ran")).await;
        model.reach(7).await;
        let seen = read_checkpoint(&mut snapshot.transaction).await.unwrap();
        assert_eq!(seen, snapshot.checkpoint);
        assert_eq!(model.store().checkpoint().await.unwrap().position, Position(7));
    }
}
