//! Films found by what others know them by, over a few connections, each made when it is needed.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use events::MovieId;
use sqlx::{FromRow, postgres::PgRow};
use uuid::Uuid;

use super::{
    failure::store_error,
    line::{Line, within},
    options::{Commits, PostgresReadModelsOptions, Session, Waits},
    schema::Schema,
};
use crate::{
    StoreError,
    port::{Films, Titled},
};

/// So many look-ups at once have a connection each.
const CONNECTIONS: usize = 2;

/// How much longer than the server's own limit of time an answer is waited for.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// The films of one schema.
pub(super) struct PostgresFilms {
    lines: [Line; CONNECTIONS],
    next: AtomicUsize,
    patience: Duration,
}

impl PostgresFilms {
    /// Those in `schema`, where a look-up may take the server `statement_max`. Nothing is connected yet.
    pub(super) fn of(
        schema: &Schema,
        options: &PostgresReadModelsOptions,
        statement_max: Duration,
    ) -> Self {
        let patience = statement_max.saturating_add(SILENCE_MAX);
        let options = PostgresReadModelsOptions {
            statement_timeout: statement_max,
            answer_timeout: patience,
            ..options.clone()
        };
        let session = Session {
            schema: Some(schema.to_string()),
            waits: Waits::Bounded,
            commits: Commits::Durable,
        };
        let line = || Line::new(options.clone(), session.clone());
        Self { lines: std::array::from_fn(|_| line()), next: AtomicUsize::new(0), patience }
    }

    /// The rows that a statement gives for these values.
    async fn rows<R>(&self, sql: &'static str, values: &[&str]) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let mut db = self.lines[turn].take().await?;
        let query = sqlx::query_as(sql).bind(values);
        let asked = async { query.fetch_all(&mut db.connection).await.map_err(store_error) };
        let rows = within(self.patience, asked).await;
        db.after(rows)
    }
}

#[async_trait]
impl Films for PostgresFilms {
    async fn by_imdb(&self, ids: &[&str]) -> Result<Vec<(String, MovieId)>, StoreError> {
        const FIND: &str = "SELECT imdb, id FROM movie \
            WHERE imdb = ANY($1) AND imdb <> '' AND NOT deleted ORDER BY id";
        let rows: Vec<(String, Uuid)> = self.rows(FIND, ids).await?;
        Ok(rows.into_iter().map(|(imdb, id)| (imdb, MovieId(id))).collect())
    }

    async fn by_title(&self, titles: &[&str]) -> Result<Vec<Titled>, StoreError> {
        const FIND: &str = "SELECT title, year, id FROM movie \
            WHERE title = ANY($1) AND NOT deleted ORDER BY id";
        let rows: Vec<(String, i64, Uuid)> = self.rows(FIND, titles).await?;
        Ok(rows.into_iter().map(|(title, year, id)| (title, year, MovieId(id))).collect())
    }
}

#[cfg(test)]
mod tests {
    use proving_ground::{CuttingProxy, Database};
    use tokio::time::timeout;

    use super::*;
    use crate::{
        port::{Place, ReadModels},
        postgres::PostgresReadModels,
    };

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn neither_a_lock_nor_a_server_that_is_silent_is_waited_for_without_end() {
        let database = Database::new().await;
        let proxy = CuttingProxy::to(database.url()).await;
        let options = PostgresReadModelsOptions::at(proxy.url_for(database.url()));
        let read_models = PostgresReadModels::at(options).unwrap();
        read_models.open(Place::Generation(1)).await.unwrap().close().await;
        let films = read_models.films(1, Duration::from_secs(1)).await.unwrap();
        // On a busy machine, who waits for no longer may have to ask again.
        let answers = async || {
            let asked = async {
                loop {
                    if let Ok(found) = films.by_imdb(&["tt1"]).await {
                        return found;
                    }
                }
            };
            assert_eq!(timeout(PATIENCE, asked).await.expect("it answers"), []);
        };
        answers().await;

        let mut other = database.connect().await;
        let lock = "BEGIN; LOCK TABLE cinelog_read_model_1.movie IN ACCESS EXCLUSIVE MODE";
        sqlx::raw_sql(lock).execute(&mut other).await.unwrap();
        let locked = timeout(PATIENCE, films.by_imdb(&["tt1"])).await.expect("it ends");
        let reason = locked.unwrap_err();
        assert!(reason.is_transient() && reason.to_string().contains("timeout"), "{reason}");
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
        answers().await;

        proxy.pause(true);
        let silent = timeout(PATIENCE, films.by_imdb(&["tt1"])).await.expect("it ends");
        assert!(silent.unwrap_err().is_transient());
        proxy.pause(false);
        answers().await;
    }
}
