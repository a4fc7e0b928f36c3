//! The films of a read model in a database of Postgres: a generation is a schema there.

use std::{str::FromStr, time::Duration};

use async_trait::async_trait;
use events::MovieId;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};

use super::{Films, Key};

/// Pieces that are looked up at once have a connection each.
const CONNECTIONS_MAX: u32 = 2;

/// The films of one generation.
pub(crate) struct PostgresFilms {
    pool: PgPool,
    by_imdb: String,
    by_title: String,
}

impl PostgresFilms {
    /// Opens a generation of the database at `url`.
    ///
    /// # Errors
    /// Where the database is out of reach for `patience`.
    pub(crate) async fn connect(
        url: &str,
        generation: u64,
        patience: Duration,
    ) -> Result<Self, sqlx::Error> {
        // What sqlx says of an address may repeat it.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| sqlx::Error::Configuration("the address cannot be read".into()))?
            .application_name("cinelog import")
            .disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(patience);
        let table = format!("cinelog_read_model_{generation}.movie");
        Ok(Self {
            pool: pool.connect_with(options).await?,
            by_imdb: format!(
                "SELECT imdb, id FROM {table} \
                 WHERE imdb = ANY($1) AND imdb <> '' AND NOT deleted ORDER BY id"
            ),
            by_title: format!(
                "SELECT title, year::bigint, id FROM {table} \
                 WHERE title = ANY($1) AND NOT deleted ORDER BY id"
            ),
        })
    }
}

#[async_trait]
impl Films for PostgresFilms {
    async fn by_imdb(&self, ids: &[&str]) -> Result<Vec<(Key, MovieId)>, sqlx::Error> {
        let query = sqlx::query(AssertSqlSafe(self.by_imdb.as_str())).bind(ids);
        let film = |row: PgRow| Ok((Key::Imdb(row.try_get(0)?), MovieId(row.try_get(1)?)));
        query.fetch_all(&self.pool).await?.into_iter().map(film).collect()
    }

    async fn by_title(&self, titles: &[&str]) -> Result<Vec<(Key, MovieId)>, sqlx::Error> {
        let query = sqlx::query(AssertSqlSafe(self.by_title.as_str())).bind(titles);
        let film = |row: PgRow| {
            let key = Key::Title(row.try_get(0)?, Some(row.try_get(1)?));
            Ok((key, MovieId(row.try_get(2)?)))
        };
        query.fetch_all(&self.pool).await?.into_iter().map(film).collect()
    }
}
