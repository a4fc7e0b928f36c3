//! Reads the documents that a batch needs, each kind with one statement.

use std::collections::BTreeSet;

use events::{AccountId, MovieId, StreamName};
use read_model::{FacetDocument, FacetKey, Keys, Loaded, RatingState, StoredMovie};
use sqlx::PgConnection;

use super::failure::store_error;
use crate::{
    StoreError,
    stored::{self, RatingRow},
};

const MOVIES: &str = "SELECT m.key, m.document FROM unnest($1::uuid[]) AS k(id) \
    JOIN movie AS m ON m.id = k.id";
const RATINGS: &str = "SELECT r.movie_id, r.account_id, r.revision, r.value, r.rated_at \
    FROM unnest($1::uuid[], $2::uuid[]) AS k(movie_id, account_id) \
    JOIN rating AS r ON r.movie_id = k.movie_id AND r.account_id = k.account_id \
    UNION ALL \
    SELECT w.movie_id, w.account_id, w.revision, NULL, NULL \
    FROM unnest($1::uuid[], $2::uuid[]) AS k(movie_id, account_id) \
    JOIN withdrawn_rating AS w ON w.movie_id = k.movie_id AND w.account_id = k.account_id";
const PARKED: &str = "SELECT p.stream FROM unnest($1::text[]) AS k(stream) \
    JOIN parked_stream AS p ON p.stream = k.stream COLLATE \"C\"";
const FACETS: &str = "SELECT f.document FROM unnest($1::text[], $2::text[]) AS k(kind, slug) \
    JOIN facet AS f ON f.kind = k.kind COLLATE \"C\" AND f.slug = k.slug COLLATE \"C\"";

/// What there is of the films, ratings and parked streams that `keys` name.
pub(super) async fn documents(db: &mut PgConnection, keys: &Keys) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        movies: movies(db, &keys.movies).await?,
        ratings: ratings(db, &keys.ratings).await?,
        parked: parked(db, &keys.streams).await?,
    })
}

/// What there is of the facets that `keys` name.
pub(super) async fn facets(
    db: &mut PgConnection,
    keys: &BTreeSet<FacetKey>,
) -> Result<Vec<FacetDocument>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let kinds: Vec<_> = keys.iter().map(|(kind, _)| kind.as_str()).collect();
    let slugs: Vec<_> = keys.iter().map(|(_, slug)| slug.as_str()).collect();
    let query = sqlx::query_scalar::<_, String>(FACETS).bind(kinds).bind(slugs);
    let documents = query.fetch_all(db).await.map_err(store_error)?;
    documents.iter().map(|json| stored::document(json)).collect()
}

async fn movies(
    db: &mut PgConnection,
    keys: &BTreeSet<MovieId>,
) -> Result<Vec<StoredMovie>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = keys.iter().map(|id| id.0).collect();
    let query = sqlx::query_as(MOVIES).bind(keys);
    let rows: Vec<(i64, String)> = query.fetch_all(db).await.map_err(store_error)?;
    rows.into_iter().map(stored::movie).collect()
}

async fn ratings(
    db: &mut PgConnection,
    keys: &BTreeSet<(MovieId, AccountId)>,
) -> Result<Vec<RatingState>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (movies, accounts): (Vec<_>, Vec<_>) = keys.iter().map(|key| (key.0.0, key.1.0)).unzip();
    let query = sqlx::query_as(RATINGS).bind(movies).bind(accounts);
    let rows: Vec<RatingRow> = query.fetch_all(db).await.map_err(store_error)?;
    rows.into_iter().map(stored::rating).collect()
}

async fn parked(
    db: &mut PgConnection,
    streams: &BTreeSet<StreamName>,
) -> Result<BTreeSet<StreamName>, StoreError> {
    if streams.is_empty() {
        return Ok(BTreeSet::new());
    }
    let streams: Vec<_> = streams.iter().map(StreamName::as_str).collect();
    let query = sqlx::query_scalar::<_, String>(PARKED).bind(streams);
    let names = query.fetch_all(db).await.map_err(store_error)?;
    names.into_iter().map(stored::stream).collect()
}
