//! The tables in a schema of a Postgres database.

use std::time::Duration;

use events::{AccountId, MovieId};
use proving_ground::Database;
use read_model::{MovieDocument, search::SearchText};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, postgres::PgPoolOptions};

use super::writing::{reach, write_film};
use crate::{PostgresStore, PostgresStoreOptions};

pub(crate) struct PostgresTables {
    database: Database,
    writer: PgPool,
}

impl PostgresTables {
    pub(crate) async fn new() -> Self {
        Self::loaded_with("").await
    }

    /// Loaded by a script before there are indexes.
    pub(crate) async fn loaded_with(script: &str) -> Self {
        let tables = Self::without_any().await;
        for step in Self::steps(script) {
            tables.run(&step).await;
        }
        tables
    }

    /// What makes generation 1, one transaction after another, as the projector makes it.
    pub(crate) fn steps(script: &str) -> [String; 8] {
        let migration = |version: u8, sql: &str| {
            format!("{sql}; INSERT INTO _sqlx_migrations VALUES ({version}, true)")
        };
        [
            "CREATE SCHEMA cinelog_read_model_1".to_owned(),
            "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, success boolean NOT NULL)"
                .to_owned(),
            migration(
                1,
                include_str!("../../../migrations/postgres/read-model/0001_read_model.sql"),
            ),
            script.to_owned(),
            migration(2, include_str!("../../../migrations/postgres/read-model/0002_indexes.sql")),
            migration(3, include_str!("../../../migrations/postgres/read-model/0003_words.sql")),
            migration(4, include_str!("../../../migrations/postgres/read-model/0004_inbox.sql")),
            migration(5, include_str!("../../../migrations/postgres/read-model/0005_amended.sql")),
        ]
    }

    /// A database in which there is nothing yet.
    pub(crate) async fn without_any() -> Self {
        let database = Database::new().await;
        let writer = PgPoolOptions::new()
            .max_connections(2)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let sql = "SET search_path = cinelog_read_model_2, cinelog_read_model_1";
                    sqlx::query(sql).execute(connection).await.map(|_| ())
                })
            })
            .connect(database.url())
            .await
            .unwrap();
        Self { database, writer }
    }

    /// Where to find the newest generation, through few connections.
    pub(crate) async fn options(&self) -> PostgresStoreOptions {
        let sql = "SELECT generation FROM checkpoint";
        let generation: i64 = sqlx::query_scalar(sql).fetch_one(&self.writer).await.unwrap();
        self.options_of(u64::try_from(generation).unwrap())
    }

    /// Where to find a generation, through few connections.
    pub(crate) fn options_of(&self, generation: u64) -> PostgresStoreOptions {
        PostgresStoreOptions {
            connections: 2,
            statement_timeout: Duration::from_secs(10),
            ..PostgresStoreOptions::at(self.database.url(), generation)
        }
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::open(self.options().await).await.unwrap()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn writer(&self) -> &PgPool {
        &self.writer
    }

    pub(crate) async fn run(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.writer).await.unwrap();
    }

    pub(super) async fn write(&self, films: &[MovieDocument], position: Option<u64>) {
        let mut transaction = self.writer.begin().await.unwrap();
        for film in films {
            write_film(&mut transaction, film).await;
        }
        if let Some(position) = position {
            reach!(transaction, position);
        }
        transaction.commit().await.unwrap();
    }

    pub(super) async fn put_rating(
        &self,
        film: MovieId,
        account: AccountId,
        value: u8,
        minute: i64,
    ) {
        let sql = "INSERT INTO rating (movie_id, account_id, value, rated_at, revision)
                   VALUES ($1, $2, $3, $4, 1)";
        sqlx::query(sql)
            .bind(film.0)
            .bind(account.0)
            .bind(i16::from(value))
            .bind(minute * 60_000_000)
            .execute(&self.writer)
            .await
            .unwrap();
    }

    pub(super) async fn rebuild(&self) {
        self.run("ALTER SCHEMA cinelog_read_model_1 RENAME TO cinelog_read_model_2").await;
        self.run("UPDATE checkpoint SET generation = 2").await;
    }
}

/// Writes a film within a transaction.
async fn write_film(transaction: &mut PgConnection, film: &MovieDocument) {
    let key = write_film!(
        transaction,
        film,
        "INSERT INTO facet AS f (kind, slug, name, movie_count, document)
             VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT (kind, slug) DO UPDATE SET movie_count = f.movie_count + 1,
                document = jsonb_set(f.document::jsonb, '{movie_count}',
                    to_jsonb(f.movie_count + 1))::text"
    );
    let sql = "DELETE FROM movie_search WHERE movie_key = $1";
    sqlx::query(sql).bind(key).execute(&mut *transaction).await.unwrap();
    if let Some(text) = SearchText::of(film) {
        let sql = "INSERT INTO movie_search (movie_key, words) VALUES ($1, $2::tsvector)";
        let insert = sqlx::query(sql).bind(key).bind(text.tsvector());
        insert.execute(&mut *transaction).await.unwrap();
    }
}
