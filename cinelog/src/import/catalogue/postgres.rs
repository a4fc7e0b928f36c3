//! The films of a read model in a database of Postgres: a generation is a schema there.

use std::{str::FromStr, time::Duration};

use async_trait::async_trait;
use events::MovieId;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use tokio::time::timeout;

use super::{Films, Key};

/// Pieces that are looked up at once have a connection each.
const CONNECTIONS_MAX: u32 = 2;

/// How much longer than the server's own timeout is waited for a server that does not answer at all.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// Getting a connection.
    pub(crate) connect: Duration,
    /// One statement, on the server.
    pub(crate) statement: Duration,
}

/// The films of one generation.
pub(crate) struct PostgresFilms {
    pool: PgPool,
    statement_timeout: Duration,
    by_imdb: String,
    by_title: String,
}

impl PostgresFilms {
    /// Opens a generation of the database at `url`.
    ///
    /// # Errors
    /// Where no connection comes about in time.
    pub(crate) async fn connect(
        url: &str,
        generation: u64,
        timeouts: Timeouts,
    ) -> Result<Self, sqlx::Error> {
        let statement_timeout = timeouts.statement;
        let milliseconds = statement_timeout.as_millis().max(1).to_string();
        // What sqlx says of an address may repeat it.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| sqlx::Error::Configuration("the address cannot be read".into()))?
            .application_name("cinelog import")
            .options([("statement_timeout", milliseconds.as_str())])
            .disable_statement_logging();
        let pool =
            PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(timeouts.connect);
        let table = format!("cinelog_read_model_{generation}.movie");
        Ok(Self {
            pool: pool.connect_with(options).await?,
            statement_timeout,
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

    /// The rows that a statement gives for these values.
    async fn rows(&self, statement: &str, values: &[&str]) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let query = sqlx::query(AssertSqlSafe(statement)).bind(values);
        match timeout(self.statement_timeout + SILENCE_MAX, query.fetch_all(&mut *connection)).await
        {
            Ok(rows) => rows,
            Err(silence) => {
                // Not given back to the pool: nobody knows what it is waiting for.
                drop(connection.detach());
                Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, silence)))
            }
        }
    }
}

#[async_trait]
impl Films for PostgresFilms {
    async fn by_imdb(&self, ids: &[&str]) -> Result<Vec<(Key, MovieId)>, sqlx::Error> {
        let film = |row: PgRow| Ok((Key::Imdb(row.try_get(0)?), MovieId(row.try_get(1)?)));
        self.rows(&self.by_imdb, ids).await?.into_iter().map(film).collect()
    }

    async fn by_title(&self, titles: &[&str]) -> Result<Vec<(Key, MovieId)>, sqlx::Error> {
        let film = |row: PgRow| {
            let key = Key::Title(row.try_get(0)?, Some(row.try_get(1)?));
            Ok((key, MovieId(row.try_get(2)?)))
        };
        self.rows(&self.by_title, titles).await?.into_iter().map(film).collect()
    }
}

#[cfg(test)]
mod tests {
    use proving_ground::{CuttingProxy, Database};
    use sqlx::{Connection, PgConnection};

    use super::*;

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn neither_a_lock_nor_a_server_that_is_silent_is_waited_for_without_end() {
        let database = Database::new().await;
        let mut other = PgConnection::connect(database.url()).await.unwrap();
        let tables = "CREATE SCHEMA cinelog_read_model_1; \
            CREATE TABLE cinelog_read_model_1.movie (id uuid, imdb text, deleted boolean)";
        sqlx::raw_sql(tables).execute(&mut other).await.unwrap();
        let proxy = CuttingProxy::to(database.url()).await;
        let (connect, statement) = (Duration::from_secs(5), Duration::from_millis(100));
        let url = proxy.url_for(database.url());
        let films = PostgresFilms::connect(&url, 1, Timeouts { connect, statement }).await.unwrap();
        assert_eq!(films.by_imdb(&["tt1"]).await.unwrap(), []);

        let lock = "BEGIN; LOCK TABLE cinelog_read_model_1.movie IN ACCESS EXCLUSIVE MODE";
        sqlx::raw_sql(lock).execute(&mut other).await.unwrap();
        let locked = timeout(PATIENCE, films.by_imdb(&["tt1"])).await.expect("it ends");
        let code = locked.unwrap_err().into_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "57014");
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
        assert_eq!(films.by_imdb(&["tt1"]).await.unwrap(), []);

        proxy.pause(true);
        let silent = timeout(PATIENCE, films.by_imdb(&["tt1"])).await.expect("it ends");
        assert!(
            matches!(silent, Err(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut)),
            "{silent:?}"
        );
        proxy.pause(false);
        assert_eq!(films.by_imdb(&["tt1"]).await.unwrap(), []);
    }
}
