//! The tables in a file.

use std::path::{Path, PathBuf};

use events::{AccountId, MovieId};
use read_model::{MovieDocument, search::SearchText};
use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::SqliteStore;

pub(crate) struct SqliteTables {
    writer: SqlitePool,
    opened: SqliteStore,
    path: PathBuf,
}

impl SqliteTables {
    pub(super) async fn new(folder: &Path) -> Self {
        let path = folder.join("read-model.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let writer = SqlitePool::connect_with(options).await.unwrap();
        let tables = include_str!("../../../migrations/sqlite/read-model/0001_read_model.sql");
        sqlx::raw_sql(tables).execute(&writer).await.unwrap();
        let opened = SqliteStore::open(&path, 2).await.unwrap();
        Self { writer, opened, path }
    }

    pub(super) fn opened(&self) -> &SqliteStore {
        &self.opened
    }

    /// The store that is open already, unless there is another generation by now.
    pub(super) async fn store(&self) -> SqliteStore {
        let now = SqliteStore::open(&self.path, 2).await.unwrap();
        use crate::Store;
        if now.generation() == self.opened.generation() { self.opened.clone() } else { now }
    }

    pub(super) async fn write(&self, films: &[MovieDocument], position: Option<u64>) {
        let mut transaction = self.writer.begin().await.unwrap();
        for film in films {
            write_film(&mut transaction, film).await;
        }
        if let Some(position) = position {
            let sql = "UPDATE checkpoint SET position = ?";
            let query = sqlx::query(sql).bind(i64::try_from(position).unwrap());
            query.execute(&mut *transaction).await.unwrap();
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
        sqlx::query("INSERT INTO rating VALUES (?, ?, ?, ?, 1)")
            .bind(film.0)
            .bind(account.0)
            .bind(value)
            .bind(minute * 60_000_000)
            .execute(&self.writer)
            .await
            .unwrap();
    }

    pub(super) async fn rebuild(&self) {
        self.run("UPDATE checkpoint SET generation = generation + 1").await;
    }

    pub(super) async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.writer).await.unwrap();
    }
}

/// Writes a film within a transaction.
async fn write_film(transaction: &mut SqliteConnection, film: &MovieDocument) {
    let details = &film.details;
    let key: i64 = sqlx::query_scalar(
        "INSERT INTO movie (id, document, deleted, title, year, release_date, runtime_minutes,
                rating, rating_count, language, country, imdb, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET document = excluded.document,
                deleted = excluded.deleted, title = excluded.title, year = excluded.year,
                rating = excluded.rating, rating_count = excluded.rating_count
             RETURNING key",
    )
    .bind(film.id.0)
    .bind(serde_json::to_string(film).unwrap())
    .bind(film.deleted)
    .bind(events::text::plain(&details.title))
    .bind(details.year.unwrap_or(0))
    .bind(details.release_date.map(|date| date.to_string()).unwrap_or_default())
    .bind(details.runtime_minutes.unwrap_or(0))
    .bind(film.rating.average().unwrap_or(0.0))
    .bind(i64::try_from(film.rating.count).unwrap())
    .bind(details.language.clone().unwrap_or_default())
    .bind(details.country.clone().unwrap_or_default())
    .bind(details.external_ids.imdb.clone().unwrap_or_default())
    .bind(film.created_at.as_microsecond())
    .bind(film.updated_at.as_microsecond())
    .fetch_one(&mut *transaction)
    .await
    .unwrap();
    for sql in
        ["DELETE FROM movie_facet WHERE movie_key = ?", "DELETE FROM movie_search WHERE rowid = ?"]
    {
        sqlx::query(sql).bind(key).execute(&mut *transaction).await.unwrap();
    }
    if let Some(text) = SearchText::of(film) {
        let sql = "INSERT INTO movie_search (rowid, title, people, other) VALUES (?, ?, ?, ?)";
        let insert = sqlx::query(sql).bind(key).bind(text.title).bind(text.people);
        insert.bind(text.other).execute(&mut *transaction).await.unwrap();
    }
    for ((kind, slug), name) in film.facets() {
        sqlx::query("INSERT INTO movie_facet (kind, slug, movie_key) VALUES (?, ?, ?)")
            .bind(kind.as_str())
            .bind(slug.as_str())
            .bind(key)
            .execute(&mut *transaction)
            .await
            .unwrap();
        let document = serde_json::json!({
            "kind": kind, "slug": slug, "name": name, "description": null,
            "movie_count": 1, "revision": 0,
        });
        sqlx::query(
            "INSERT INTO facet (kind, slug, name, movie_count, document)
                 VALUES (?1, ?2, ?3, 1, ?4)
                 ON CONFLICT DO UPDATE SET movie_count = movie_count + 1,
                    document = json_set(document, '$.movie_count', movie_count + 1)",
        )
        .bind(kind.as_str())
        .bind(slug.as_str())
        .bind(name)
        .bind(document.to_string())
        .execute(&mut *transaction)
        .await
        .unwrap();
    }
}
