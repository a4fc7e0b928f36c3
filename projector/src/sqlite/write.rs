//! Writes what a batch changed: a few statements for each table, however many rows.
//!
//! Rows go in as one JSON array, which `json_each` takes apart. A statement that stores must touch
//! exactly the rows it was meant for; otherwise the batch is rolled back.

use read_model::{Changes, FacetChange, MovieChange, RatingState, SearchChange};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{
    failure::{expect_rows, store_error},
    load::json,
    rows::{MembershipRows, MovieRow, RatingRow, SearchRow, WithdrawnRow, hex},
};
use crate::StoreError;

// The average is worked out here, in the same doubles as in `RatingSummary::average`.
const STORE_MOVIES: &str = "
    INSERT INTO movie (id, document, deleted, title, year, release_date, runtime_minutes, rating,
        rating_count, language, country, imdb, created_at, updated_at)
    SELECT unhex(value ->> 'id'), value ->> 'document', value ->> '$.document.deleted',
        value ->> 'title', value ->> 'year', value ->> 'release_date', value ->> 'runtime_minutes',
        coalesce(CAST(value ->> '$.document.rating.sum' AS REAL)
            / nullif(value ->> '$.document.rating.count', 0), 0.0),
        value ->> '$.document.rating.count', value ->> 'language', value ->> 'country',
        value ->> 'imdb', value ->> 'created_at', value ->> 'updated_at'
    FROM json_each(?) WHERE true
    ON CONFLICT (id) DO UPDATE SET document = excluded.document, deleted = excluded.deleted,
        title = excluded.title, year = excluded.year, release_date = excluded.release_date,
        runtime_minutes = excluded.runtime_minutes, rating = excluded.rating,
        rating_count = excluded.rating_count, language = excluded.language,
        country = excluded.country, imdb = excluded.imdb, created_at = excluded.created_at,
        updated_at = excluded.updated_at";

const UNINDEX: &str = "
    DELETE FROM movie_search WHERE rowid IN (
        SELECT movie.key FROM json_each(?) AS k CROSS JOIN movie ON movie.id = unhex(k.value))";

const INDEX: &str = "
    INSERT INTO movie_search (rowid, title, people, other)
    SELECT movie.key, k.value ->> 'title', k.value ->> 'people', k.value ->> 'other'
    FROM json_each(?) AS k CROSS JOIN movie ON movie.id = unhex(k.value ->> 'id')";

const LEAVE: &str = "
    DELETE FROM movie_facet WHERE (kind, slug, movie_key) IN (
        SELECT f.value ->> 0, f.value ->> 1, movie.key
        FROM json_each(?) AS k CROSS JOIN movie ON movie.id = unhex(k.value ->> 'id')
        CROSS JOIN json_each(k.value, '$.facets') AS f)";

const JOIN: &str = "
    INSERT INTO movie_facet (kind, slug, movie_key)
    SELECT f.value ->> 0, f.value ->> 1, movie.key
    FROM json_each(?) AS k CROSS JOIN movie ON movie.id = unhex(k.value ->> 'id')
    CROSS JOIN json_each(k.value, '$.facets') AS f";

const STORE_FACETS: &str = "
    INSERT INTO facet (kind, slug, name, movie_count, document)
    SELECT value ->> 'kind', value ->> 'slug', value ->> 'name', value ->> 'movie_count', value
    FROM json_each(?) WHERE true
    ON CONFLICT (kind, slug) DO UPDATE SET name = excluded.name,
        movie_count = excluded.movie_count, document = excluded.document";

const REMOVE_FACETS: &str = "
    DELETE FROM facet WHERE (kind, slug) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))";

const STORE_RATINGS: &str = "
    INSERT INTO rating (movie_id, account_id, value, rated_at, revision)
    SELECT unhex(value ->> 'movie_id'), unhex(value ->> 'account_id'), value ->> 'value',
        value ->> 'rated_at', value ->> 'revision'
    FROM json_each(?) WHERE true
    ON CONFLICT (movie_id, account_id) DO UPDATE SET value = excluded.value,
        rated_at = excluded.rated_at, revision = excluded.revision";

const REMOVE_RATINGS: &str = "
    DELETE FROM rating WHERE (movie_id, account_id) IN (
        SELECT unhex(value ->> 'movie_id'), unhex(value ->> 'account_id') FROM json_each(?))";

const STORE_WITHDRAWN: &str = "
    INSERT INTO withdrawn_rating (movie_id, account_id, revision)
    SELECT unhex(value ->> 'movie_id'), unhex(value ->> 'account_id'), value ->> 'revision'
    FROM json_each(?) WHERE true
    ON CONFLICT (movie_id, account_id) DO UPDATE SET revision = excluded.revision";

const REMOVE_WITHDRAWN: &str = "
    DELETE FROM withdrawn_rating WHERE (movie_id, account_id) IN (
        SELECT unhex(value ->> 'movie_id'), unhex(value ->> 'account_id') FROM json_each(?))";

const PARK_STREAMS: &str = "
    INSERT INTO parked_stream (stream, position, reason)
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";

const PARK_EVENTS: &str = "
    INSERT INTO parked_event (position, stream)
    SELECT value ->> 0, value ->> 1 FROM json_each(?)";

/// Writes all of it.
pub(super) async fn changes(
    connection: &mut SqliteConnection,
    changes: &Changes,
) -> Result<(), StoreError> {
    movies(connection, &changes.movies).await?;
    search(connection, &changes.movies).await?;
    memberships(connection, &changes.movies).await?;
    facets(connection, &changes.facets).await?;
    ratings(connection, &changes.ratings).await?;

    let streams: Vec<_> = (changes.poison.iter())
        .map(|poison| (&poison.stream, poison.position, poison.reason.to_string()))
        .collect();
    all(connection, "parking streams", PARK_STREAMS, &streams).await?;
    all(connection, "parking events", PARK_EVENTS, &changes.parked).await
}

async fn movies(
    connection: &mut SqliteConnection,
    movies: &[MovieChange],
) -> Result<(), StoreError> {
    let rows: Vec<_> = movies.iter().map(|movie| MovieRow::from(&movie.document)).collect();
    all(connection, "storing films", STORE_MOVIES, &rows).await
}

async fn search(
    connection: &mut SqliteConnection,
    movies: &[MovieChange],
) -> Result<(), StoreError> {
    let mut out = Vec::new();
    let mut texts = Vec::new();
    for movie in movies {
        if let SearchChange::Store(text) = &movie.search {
            texts.push(SearchRow::new(&movie.document, text));
        }
        if movie.search != SearchChange::Keep {
            out.push(hex(movie.document.id.0));
        }
    }
    // How many of them had a text does not matter, so the rows are not counted.
    any(connection, UNINDEX, &out).await?;
    all(connection, "indexing texts", INDEX, &texts).await
}

async fn memberships(
    connection: &mut SqliteConnection,
    movies: &[MovieChange],
) -> Result<(), StoreError> {
    let left: Vec<_> = movies.iter().map(|movie| (movie, &movie.left[..])).collect();
    let joined: Vec<_> = movies.iter().map(|movie| (movie, &movie.joined[..])).collect();
    for (what, statement, facets) in
        [("leaving facets", LEAVE, left), ("joining facets", JOIN, joined)]
    {
        let count = facets.iter().map(|(_, facets)| facets.len()).sum();
        let rows: Vec<_> = (facets.into_iter())
            .filter(|(_, facets)| !facets.is_empty())
            .map(|(movie, facets)| MembershipRows { id: hex(movie.document.id.0), facets })
            .collect();
        counted(connection, what, statement, &rows, count).await?;
    }
    Ok(())
}

async fn facets(
    connection: &mut SqliteConnection,
    facets: &[FacetChange],
) -> Result<(), StoreError> {
    let mut stored = Vec::new();
    let mut removed = Vec::new();
    for change in facets {
        match change {
            FacetChange::Store(facet) => stored.push(facet),
            FacetChange::Remove(key) => removed.push(key),
        }
    }
    all(connection, "storing facets", STORE_FACETS, &stored).await?;
    all(connection, "removing facets", REMOVE_FACETS, &removed).await
}

async fn ratings(
    connection: &mut SqliteConnection,
    ratings: &[RatingState],
) -> Result<(), StoreError> {
    let mut given = Vec::new();
    let mut withdrawn = Vec::new();
    for rating in ratings {
        match rating {
            RatingState::Given(rating) => given.push(RatingRow::from(rating)),
            RatingState::Withdrawn(rating) => withdrawn.push(WithdrawnRow::from(rating)),
        }
    }
    // Before this batch, each of them may have been either or neither.
    any(connection, REMOVE_WITHDRAWN, &given).await?;
    any(connection, REMOVE_RATINGS, &withdrawn).await?;
    all(connection, "storing ratings", STORE_RATINGS, &given).await?;
    all(connection, "storing withdrawals", STORE_WITHDRAWN, &withdrawn).await
}

/// Runs a statement that touches at most one row for each of `rows`; for none, not at all.
async fn any<T: Serialize>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &[T],
) -> Result<(), StoreError> {
    if !rows.is_empty() {
        let query = sqlx::query(statement).bind(json(&rows)?);
        query.execute(connection).await.map_err(store_error)?;
    }
    Ok(())
}

/// Runs a statement that touches one row of its table for each of `rows`; for none, not at all.
async fn all<T: Serialize>(
    connection: &mut SqliteConnection,
    what: &'static str,
    statement: &'static str,
    rows: &[T],
) -> Result<(), StoreError> {
    counted(connection, what, statement, rows, rows.len()).await
}

/// Runs a statement that touches `count` rows; for none, not at all.
async fn counted<T: Serialize>(
    connection: &mut SqliteConnection,
    what: &'static str,
    statement: &'static str,
    rows: &[T],
    count: usize,
) -> Result<(), StoreError> {
    if count == 0 {
        return Ok(());
    }
    let query = sqlx::query(statement).bind(json(&rows)?);
    expect_rows(what, &query.execute(connection).await.map_err(store_error)?, count)
}
