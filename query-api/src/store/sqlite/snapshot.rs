//! The read model as it was at one moment, for as long as a read may take.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use read_model::Checkpoint;
use sqlx::{Sqlite, Transaction};

use super::{SqliteStore, row::read_checkpoint};
use crate::store::{StoreError, planning::Total};

/// How long a snapshot may be read, from its beginning. Connections are few, and a read that takes
/// longer keeps everybody else waiting.
const READING_MAX: Duration = Duration::from_secs(2);

/// After how many of its steps SQLite looks at the time. They take it far less than a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;

/// The read model as it was at one moment.
pub(super) struct Snapshot {
    pub(super) transaction: Transaction<'static, Sqlite>,
    /// How many films there are, for the planning of lists.
    pub(super) total: Arc<Total>,
    /// What the snapshot reflects.
    pub(super) checkpoint: Checkpoint,
}

impl SqliteStore {
    /// Begins to read. What is not read after [`READING_MAX`] is given up, with
    /// [`StoreError::TooSlow`].
    pub(super) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
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

#[cfg(test)]
mod tests {
    use events::Position;
    use sqlx::SqliteConnection;

    use super::*;
    use crate::{store::Store, testing::ReadModel};

    #[tokio::test]
    async fn the_store_cannot_write() {
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let written = sqlx::query("UPDATE checkpoint SET position = 9")
            .execute(&mut *snapshot.transaction)
            .await;
        assert!(written.is_err());
    }

    /// Keeps SQLite busy for about a million of its steps.
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
