//! The read model in one SQLite file: a pool of connections that only read.
//!
//! The projector makes the file and is the only one to write to it. A read of one row is a snapshot by
//! itself; a list is read within one [`Snapshot`], so that what it shows and the position it names
//! belong together.

mod facets;
mod failure;
mod listing;
mod movies;
mod ratings;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use events::{AccountId, MovieId, Position, Slug};
use read_model::{Checkpoint, FacetDocument, FacetKind, MovieDocument, RatingDocument};
use serde::de::DeserializeOwned;
use sqlx::{
    Row, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};

use super::{
    FacetList, Listed, MovieList, Part, RatingList, Seen, Store, StoreError, planning::Total,
};

pub(super) use failure::meaning;

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
    /// Which generation the file is.
    generation: u64,
}

/// The read model as it was at one moment.
struct Snapshot {
    transaction: Transaction<'static, Sqlite>,
    total: Arc<Total>,
    /// What it reflects.
    checkpoint: Checkpoint,
}

impl SqliteStore {
    /// Opens the file for reading, with at most so many connections.
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

    /// Begins to read. What is not read after [`READING_MAX`] is given up, with
    /// [`StoreError::TooSlow`].
    async fn snapshot(&self) -> Result<Snapshot, StoreError> {
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

#[async_trait]
impl Store for SqliteStore {
    fn generation(&self) -> u64 {
        self.generation
    }

    async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        let mut connection = self.rows.acquire().await?;
        Ok(read_checkpoint(&mut connection).await?)
    }

    async fn life(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    async fn movie(&self, id: MovieId) -> Result<Seen<Option<MovieDocument>>, StoreError> {
        let sql = "SELECT c.generation, c.position, m.document FROM checkpoint AS c
                   LEFT JOIN movie AS m ON m.id = ? AND m.deleted = 0 WHERE c.one = 1";
        let row = sqlx::query(sql).bind(id.0).fetch_one(&self.rows).await?;
        Ok((checkpoint_of(&row)?, document_of(&row)?))
    }

    async fn facet(
        &self,
        kind: FacetKind,
        slug: &Slug,
    ) -> Result<Seen<Option<FacetDocument>>, StoreError> {
        let sql = "SELECT c.generation, c.position, f.document FROM checkpoint AS c
                   LEFT JOIN facet AS f ON f.kind = ? AND f.slug = ? WHERE c.one = 1";
        let query = sqlx::query(sql).bind(kind.as_str()).bind(slug.as_str());
        let row = query.fetch_one(&self.rows).await?;
        Ok((checkpoint_of(&row)?, document_of(&row)?))
    }

    async fn rating(
        &self,
        movie: MovieId,
        account: AccountId,
    ) -> Result<Seen<Option<RatingDocument>>, StoreError> {
        ratings::of_account(&self.rows, movie, account).await
    }

    async fn movies(
        &self,
        list: &MovieList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<MovieDocument>>>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        Ok((snapshot.checkpoint, snapshot.movies(list, part).await?))
    }

    async fn facets(
        &self,
        list: &FacetList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<FacetDocument>>>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        Ok((snapshot.checkpoint, snapshot.facets(list, part).await?))
    }

    async fn ratings(
        &self,
        list: &RatingList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<RatingDocument>>>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        Ok((snapshot.checkpoint, snapshot.ratings(list, part).await?))
    }

    async fn close(&self) {
        self.pool.close().await;
        self.rows.close().await;
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

/// The document behind the checkpoint in a row, where there is one.
fn document_of<T: DeserializeOwned>(row: &SqliteRow) -> Result<Option<T>, StoreError> {
    let json: Option<&str> = row.try_get(2)?;
    json.map(serde_json::from_str).transpose().map_err(StoreError::damaged)
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
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
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
            let mut late = model.sqlite().snapshot_for(Duration::ZERO).await.unwrap();
            let given_up = count_far(&mut late.transaction).await;
            assert!(matches!(given_up, Err(StoreError::TooSlow(_))), "{given_up:?}");
        }
        let mut in_time = model.sqlite().snapshot_for(Duration::from_secs(3600)).await.unwrap();
        assert_eq!(count_far(&mut in_time.transaction).await.unwrap(), 100_000);
    }

    #[tokio::test]
    async fn the_deadline_of_a_snapshot_goes_with_it() {
        let model = ReadModel::new().await;
        let late = model.sqlite().snapshot_for(Duration::ZERO).await.unwrap();
        drop(late);
        let mut connection = model.sqlite().pool.acquire().await.unwrap();
        assert_eq!(count_far(&mut connection).await.unwrap(), 100_000);
    }

    #[tokio::test]
    async fn whoever_gets_no_connection_in_time_is_told_to_come_again() {
        let model = ReadModel::new().await;
        let store = model.sqlite();
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
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        model.put_film(&crate::testing::film("Ran")).await;
        model.reach(7).await;
        let seen = read_checkpoint(&mut snapshot.transaction).await.unwrap();
        assert_eq!(seen, snapshot.checkpoint);
        assert_eq!(model.sqlite().checkpoint().await.unwrap().position, Position(7));
    }
}
