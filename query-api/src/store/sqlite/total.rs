//! How many films there are, roughly: counting a million takes a while, so it is done now and then.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::SqliteConnection;

use crate::store::StoreError;

/// How long a count is good enough for planning.
const GOOD_FOR: Duration = Duration::from_secs(10 * 60);

/// The number of films when they were last counted, and when that was.
#[derive(Debug, Default)]
pub(super) struct Total(Mutex<Option<(i64, Instant)>>);

impl Total {
    /// How many films there are, or were some minutes ago.
    pub(super) async fn films(&self, connection: &mut SqliteConnection) -> Result<i64, StoreError> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((films, _)) = known.filter(|(_, counted)| counted.elapsed() < GOOD_FOR) {
            return Ok(films);
        }
        let sql = "SELECT COUNT(*) FROM movie WHERE deleted = 0";
        let films = sqlx::query_scalar(sql).fetch_one(connection).await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((films, Instant::now()));
        Ok(films)
    }
}
