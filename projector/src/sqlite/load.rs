//! Reads the documents that a batch needs, each kind with one statement.

use std::collections::BTreeSet;

use events::{AccountId, MovieId, StreamName};
use read_model::{FacetDocument, FacetKey, Keys, Loaded, RatingState, StoredMovie};
use serde::Serialize;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::failure::store_error;
use crate::{
    StoreError,
    stored::{self, RatingRow},
};

// CROSS JOIN: SQLite then takes the keys one by one and looks each up, rather than scan the table.
const MOVIES: &str = "SELECT movie.key, movie.document FROM json_each(?) AS k \
    CROSS JOIN movie ON movie.id = unhex(k.value)";
const RATINGS: &str = "SELECT r.movie_id, r.account_id, r.revision, r.value, r.rated_at \
    FROM json_each(?1) AS k \
    CROSS JOIN rating AS r ON r.movie_id = unhex(k.value ->> 0) AND r.account_id = unhex(k.value ->> 1) \
    UNION ALL \
    SELECT w.movie_id, w.account_id, w.revision, NULL, NULL \
    FROM json_each(?1) AS k CROSS JOIN withdrawn_rating AS w \
    ON w.movie_id = unhex(k.value ->> 0) AND w.account_id = unhex(k.value ->> 1)";
const PARKED: &str = "SELECT p.stream FROM json_each(?) AS k \
    CROSS JOIN parked_stream AS p ON p.stream = k.value";
const FACETS: &str = "SELECT facet.document FROM json_each(?) AS k \
    CROSS JOIN facet ON facet.kind = k.value ->> 0 AND facet.slug = k.value ->> 1";

/// What there is of the films, ratings and parked streams that `keys` name.
pub(super) async fn documents(
    connection: &mut SqliteConnection,
    keys: &Keys,
) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        movies: movies(connection, &keys.movies).await?,
        ratings: ratings(connection, &keys.ratings).await?,
        parked: parked(connection, &keys.streams).await?,
    })
}

/// What there is of the facets that `keys` name.
pub(super) async fn facets(
    connection: &mut SqliteConnection,
    keys: &BTreeSet<FacetKey>,
) -> Result<Vec<FacetDocument>, StoreError> {
    column(connection, FACETS, keys).await?.iter().map(|json| stored::document(json)).collect()
}

async fn movies(
    connection: &mut SqliteConnection,
    keys: &BTreeSet<MovieId>,
) -> Result<Vec<StoredMovie>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = keys.iter().map(|id| hex(id.0)).collect();
    let query = sqlx::query_as(MOVIES).bind(json(&keys)?);
    let rows: Vec<(i64, String)> = query.fetch_all(connection).await.map_err(store_error)?;
    rows.into_iter().map(stored::movie).collect()
}

async fn ratings(
    connection: &mut SqliteConnection,
    keys: &BTreeSet<(MovieId, AccountId)>,
) -> Result<Vec<RatingState>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = keys.iter().map(|(movie, account)| (hex(movie.0), hex(account.0))).collect();
    let query = sqlx::query_as(RATINGS).bind(json(&keys)?);
    let rows: Vec<RatingRow> = query.fetch_all(connection).await.map_err(store_error)?;
    rows.into_iter().map(stored::rating).collect()
}

async fn parked(
    connection: &mut SqliteConnection,
    streams: &BTreeSet<StreamName>,
) -> Result<BTreeSet<StreamName>, StoreError> {
    column(connection, PARKED, streams).await?.into_iter().map(stored::stream).collect()
}

async fn column(
    connection: &mut SqliteConnection,
    statement: &'static str,
    keys: &BTreeSet<impl Serialize>,
) -> Result<Vec<String>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let query = sqlx::query_scalar(statement).bind(json(keys)?);
    query.fetch_all(connection).await.map_err(store_error)
}

/// An id as SQLite's `unhex` takes it.
fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// The parameter of a statement that takes many keys at once.
fn json(keys: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(keys).map_err(|error| StoreError::Damaged(format!("a key: {error}")))
}
