//! Films found by what others know them by, over a connection of its own that only reads.

use async_trait::async_trait;
use events::MovieId;
use sqlx::{FromRow, SqliteConnection, sqlite::SqliteRow};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::failure::store_error;
use crate::{
    StoreError,
    port::{Films, Titled},
};

/// The films of one file.
pub(super) struct SqliteFilms(Mutex<SqliteConnection>);

impl SqliteFilms {
    /// Those of an open read model. `None` where it has no tables yet: somebody is about to make it.
    pub(super) async fn of(mut connection: SqliteConnection) -> Result<Option<Self>, StoreError> {
        const IS_MADE: &str =
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'movie'";
        let made = sqlx::query_scalar(IS_MADE).fetch_one(&mut connection).await;
        let made: i64 = made.map_err(store_error)?;
        Ok((made > 0).then(|| Self(Mutex::new(connection))))
    }

    /// The rows that a statement gives for these values, which it gets as an array of JSON.
    async fn rows<R>(&self, sql: &'static str, values: &[&str]) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let mut connection = self.0.lock().await;
        let query = sqlx::query_as(sql).bind(serde_json::Value::from(values).to_string());
        query.fetch_all(&mut *connection).await.map_err(store_error)
    }
}

#[async_trait]
impl Films for SqliteFilms {
    async fn by_imdb(&self, ids: &[&str]) -> Result<Vec<(String, MovieId)>, StoreError> {
        const FIND: &str = "SELECT imdb, id FROM movie \
            WHERE imdb IN (SELECT value FROM json_each(?)) AND imdb <> '' AND deleted = 0 ORDER BY id";
        let rows: Vec<(String, Uuid)> = self.rows(FIND, ids).await?;
        Ok(rows.into_iter().map(|(imdb, id)| (imdb, MovieId(id))).collect())
    }

    async fn by_title(&self, titles: &[&str]) -> Result<Vec<Titled>, StoreError> {
        const FIND: &str = "SELECT title, year, id FROM movie \
            WHERE title IN (SELECT value FROM json_each(?)) AND deleted = 0 ORDER BY id";
        let rows: Vec<(String, i64, Uuid)> = self.rows(FIND, titles).await?;
        Ok(rows.into_iter().map(|(title, year, id)| (title, year, MovieId(id))).collect())
    }
}
