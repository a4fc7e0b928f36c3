//! Films that came another way than by import: found in the read model by what they are known by.
//!
//! The read model may be behind the log, and there may be none. Then such a film is not found, and the
//! import makes one of its own; whatever came by import is found in either case, by its id.

use std::{collections::HashMap, path::Path, time::Duration};

use events::MovieId;
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::row::{Key, Row};

/// How long to wait for a read model that is busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The read model, to look films up in.
pub(crate) struct Catalogue(Mutex<SqliteConnection>);

impl Catalogue {
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

    /// Gives rows the ids of the films that they are about, where those have other ones than imports
    /// give. By title and year only where that says which film it is.
    pub(super) async fn find<'a>(
        &self,
        rows: impl Iterator<Item = &'a mut Row>,
    ) -> Result<(), sqlx::Error> {
        let mut rows: Vec<&mut Row> = rows.collect();
        let found = self.look_up(&rows).await?;
        for row in &mut rows {
            let Some(ids) = found.get(&row.key) else { continue };
            let movie = match ids.as_slice() {
                ids if ids.contains(&row.movie) => row.movie,
                [id] => *id,
                // The first one that was entered.
                [id, ..] if matches!(row.key, Key::Imdb(_)) => *id,
                _ => row.movie,
            };
            row.movie = movie;
        }
        Ok(())
    }

    /// The films that there are of each key, in the order of their ids.
    async fn look_up(&self, rows: &[&mut Row]) -> Result<HashMap<Key, Vec<MovieId>>, sqlx::Error> {
        let mut found: HashMap<Key, Vec<MovieId>> = HashMap::new();
        let (mut imdb, mut titles) = (Vec::new(), Vec::new());
        for row in rows {
            match &row.key {
                Key::Imdb(id) => imdb.push(id.as_str()),
                // Without a year a title does not say which film it is.
                Key::Title(title, Some(_)) => titles.push(title.as_str()),
                Key::Title(_, None) => {}
            }
        }
        let mut database = self.0.lock().await;
        if !imdb.is_empty() {
            let by_imdb = "SELECT imdb, id FROM movie WHERE imdb IN (SELECT value FROM json_each(?)) \
                 AND imdb <> '' AND deleted = 0 ORDER BY id";
            let keys = serde_json::Value::from(imdb).to_string();
            for row in sqlx::query(by_imdb).bind(keys).fetch_all(&mut *database).await? {
                let id: Uuid = row.try_get(1)?;
                found.entry(Key::Imdb(row.try_get(0)?)).or_default().push(MovieId(id));
            }
        }
        if !titles.is_empty() {
            let by_title = "SELECT title, year, id FROM movie \
                 WHERE title IN (SELECT value FROM json_each(?)) AND deleted = 0 ORDER BY id";
            let keys = serde_json::Value::from(titles).to_string();
            for row in sqlx::query(by_title).bind(keys).fetch_all(&mut *database).await? {
                let key = Key::Title(row.try_get(0)?, Some(row.try_get(1)?));
                found.entry(key).or_default().push(MovieId(row.try_get(2)?));
            }
        }
        Ok(found)
    }
}
