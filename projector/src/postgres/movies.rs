//! The films.
//!
//! An absent value is the smallest of its column: 0 or ''. Postgres keeps no zero character in a text; it
//! stands in no name that a command lets through, and is left out of what is sorted by.

use events::text::plain;
use read_model::MovieChange;
use sqlx::{PgConnection, postgres::PgArguments, query::Query};

use super::failure::{expect_rows, store_error};
use crate::{StoreError, stored::integer};

/// The values of films, column by column.
#[derive(Default)]
struct Columns {
    key: Vec<i64>,
    id: Vec<uuid::Uuid>,
    deleted: Vec<bool>,
    rating: Vec<f64>,
    rating_count: Vec<i64>,
    year: Vec<i64>,
    runtime_minutes: Vec<i64>,
    created_at: Vec<i64>,
    updated_at: Vec<i64>,
    title: Vec<String>,
    release_date: Vec<String>,
    language: Vec<String>,
    country: Vec<String>,
    imdb: Vec<String>,
    document: Vec<String>,
}

impl Columns {
    fn of(movies: &[&MovieChange]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for movie in movies {
            let (document, details) = (&movie.document, &movie.document.details);
            columns.rate(movie)?;
            columns.id.push(document.id.0);
            columns.deleted.push(document.deleted);
            columns.year.push(i64::from(details.year.unwrap_or_default()));
            columns.runtime_minutes.push(i64::from(details.runtime_minutes.unwrap_or_default()));
            columns.created_at.push(document.created_at.as_microsecond());
            columns.updated_at.push(document.updated_at.as_microsecond());
            columns.title.push(storable(&plain(&details.title)));
            let release_date = details.release_date.map(|date| date.to_string());
            columns.release_date.push(release_date.unwrap_or_default());
            columns.language.push(storable(details.language.as_deref().unwrap_or_default()));
            columns.country.push(storable(details.country.as_deref().unwrap_or_default()));
            let imdb = details.external_ids.imdb.as_deref();
            columns.imdb.push(storable(imdb.unwrap_or_default()));
        }
        Ok(columns)
    }

    /// What a rating changes.
    fn rate(&mut self, movie: &MovieChange) -> Result<(), StoreError> {
        let document = serde_json::to_string(&movie.document)
            .map_err(|error| StoreError::Damaged(format!("a document: {error}")))?;
        self.key.push(integer(movie.created.0)?);
        self.rating.push(movie.document.rating.average().unwrap_or_default());
        self.rating_count.push(integer(movie.document.rating.count)?);
        self.document.push(document);
        Ok(())
    }

    fn bind<'q>(
        self,
        query: Query<'q, sqlx::Postgres, PgArguments>,
    ) -> Query<'q, sqlx::Postgres, PgArguments> {
        query
            .bind(self.key)
            .bind(self.id)
            .bind(self.deleted)
            .bind(self.rating)
            .bind(self.rating_count)
            .bind(self.year)
            .bind(self.runtime_minutes)
            .bind(self.created_at)
            .bind(self.updated_at)
            .bind(self.title)
            .bind(self.release_date)
            .bind(self.language)
            .bind(self.country)
            .bind(self.imdb)
            .bind(self.document)
    }
}

/// A text without what Postgres cannot keep.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

macro_rules! values {
    () => {
        "unnest($1::bigint[], $2::uuid[], $3::boolean[], $4::double precision[], $5::bigint[], \
         $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], \
         $12::text[], $13::text[], $14::text[], $15::text[])"
    };
}

/// Stores films that are new.
pub(super) async fn insert(
    db: &mut PgConnection,
    movies: &[&MovieChange],
) -> Result<(), StoreError> {
    const INSERT: &str = concat!(
        "INSERT INTO movie (key, id, deleted, rating, rating_count, year, runtime_minutes, \
         created_at, updated_at, title, release_date, language, country, imdb, document) \
         SELECT * FROM ",
        values!()
    );
    if movies.is_empty() {
        return Ok(());
    }
    let query = Columns::of(movies)?.bind(sqlx::query(INSERT));
    let done = query.execute(db).await.map_err(store_error)?;
    expect_rows("storing new films", &done, movies.len())
}

/// Stores films of which more than the ratings has changed.
pub(super) async fn update(
    db: &mut PgConnection,
    movies: &[&MovieChange],
) -> Result<(), StoreError> {
    const UPDATE: &str = concat!(
        "UPDATE movie SET deleted = v.deleted, rating = v.rating, \
         rating_count = v.rating_count, year = v.year, runtime_minutes = v.runtime_minutes, \
         created_at = v.created_at, updated_at = v.updated_at, title = v.title, \
         release_date = v.release_date, language = v.language, country = v.country, \
         imdb = v.imdb, document = v.document FROM ",
        values!(),
        " AS v(key, id, deleted, rating, rating_count, year, runtime_minutes, created_at, \
         updated_at, title, release_date, language, country, imdb, document) \
         WHERE movie.key = v.key AND movie.id = v.id"
    );
    if movies.is_empty() {
        return Ok(());
    }
    let query = Columns::of(movies)?.bind(sqlx::query(UPDATE));
    let done = query.execute(db).await.map_err(store_error)?;
    expect_rows("storing films", &done, movies.len())
}

/// Stores films of which the ratings alone have changed.
pub(super) async fn rate(db: &mut PgConnection, movies: &[&MovieChange]) -> Result<(), StoreError> {
    const RATE: &str = "UPDATE movie \
        SET document = v.document, rating = v.rating, rating_count = v.rating_count \
        FROM unnest($1::bigint[], $2::double precision[], $3::bigint[], $4::text[]) \
        AS v(key, rating, rating_count, document) WHERE movie.key = v.key";
    if movies.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::default();
    movies.iter().try_for_each(|movie| columns.rate(movie))?;
    let query = sqlx::query(RATE)
        .bind(columns.key)
        .bind(columns.rating)
        .bind(columns.rating_count)
        .bind(columns.document);
    let done = query.execute(db).await.map_err(store_error)?;
    expect_rows("storing films that were rated", &done, movies.len())
}
