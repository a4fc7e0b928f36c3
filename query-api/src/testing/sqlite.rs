//! The tables in a file.

use std::path::{Path, PathBuf};

use events::{AccountId, MovieId};
use read_model::{MovieDocument, search::SearchText};
use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::writing::{reach, write_film};
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
    let key = write_film!(
        transaction,
        film,
        "INSERT INTO facet (kind, slug, name, movie_count, document) VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT DO UPDATE SET movie_count = movie_count + 1,
                document = json_set(document, '$.movie_count', movie_count + 1)"
    );
    let sql = "DELETE FROM movie_search WHERE rowid = ?";
    sqlx::query(sql).bind(key).execute(&mut *transaction).await.unwrap();
    if let Some(text) = SearchText::of(film) {
        let sql = "INSERT INTO movie_search (rowid, title, people, other) VALUES (?, ?, ?, ?)";
        let insert = sqlx::query(sql).bind(key).bind(text.title).bind(text.people);
        insert.bind(text.other).execute(&mut *transaction).await.unwrap();
    }
}
