//! The films of a read model in a file of SQLite.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use events::MovieId;
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::Mutex;

use super::{Films, Key};

/// How long to wait for a read model that is busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The films of one generation.
pub(crate) struct SqliteFilms(Mutex<SqliteConnection>);

impl SqliteFilms {
    /// Opens the read model at `path`. `None` where there is none yet.
    pub(crate) async fn open(path: &Path) -> Result<Option<Self>, sqlx::Error> {
        if !path.exists() {
            return Ok(None);
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let mut database = options.connect().await?;
        let is_made = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'movie'";
        let tables: i64 = sqlx::query_scalar(is_made).fetch_one(&mut database).await?;
        if tables == 0 {
            database.close().await?;
            return Ok(None);
        }
        Ok(Some(Self(Mutex::new(database))))
    }
}

#[async_trait]
impl Films for SqliteFilms {
    async fn by_imdb(&self, ids: &[&str]) -> Result<Vec<(Key, MovieId)>, sqlx::Error> {
        let films = "SELECT imdb, id FROM movie WHERE imdb IN (SELECT value FROM json_each(?)) \
             AND imdb <> '' AND deleted = 0 ORDER BY id";
        let mut database = self.0.lock().await;
        let rows = sqlx::query(films).bind(serde_json::Value::from(ids).to_string());
        let rows = rows.fetch_all(&mut *database).await?;
        let film = |row: sqlx::sqlite::SqliteRow| {
            Ok((Key::Imdb(row.try_get(0)?), MovieId(row.try_get(1)?)))
        };
        rows.into_iter().map(film).collect()
    }

    async fn by_title(&self, titles: &[&str]) -> Result<Vec<(Key, MovieId)>, sqlx::Error> {
        let films = "SELECT title, year, id FROM movie \
             WHERE title IN (SELECT value FROM json_each(?)) AND deleted = 0 ORDER BY id";
        let mut database = self.0.lock().await;
        let rows = sqlx::query(films).bind(serde_json::Value::from(titles).to_string());
        let rows = rows.fetch_all(&mut *database).await?;
        let film = |row: sqlx::sqlite::SqliteRow| {
            let key = Key::Title(row.try_get(0)?, Some(row.try_get(1)?));
            Ok((key, MovieId(row.try_get(2)?)))
        };
        rows.into_iter().map(film).collect()
    }
}
