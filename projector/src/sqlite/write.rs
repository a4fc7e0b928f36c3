//! Writes what a batch changed.
//!
//! A statement that stores must touch exactly the rows it was meant for; otherwise the batch is rolled
//! back. What is new is inserted and not replaced, so that whatever should not be there is noticed.

use read_model::{Changes, FacetChange, MovieChange, RatingChange};
use sqlx::SqliteConnection;

use super::{bulk::Bulk, rows};
use crate::{
    StoreError,
    sorting::{Facets, Memberships, Movies, Ratings, Texts},
};

macro_rules! movie_columns {
    () => {
        "INSERT INTO movie (key, id, document, deleted, title, year, release_date, runtime_minutes, \
         rating, rating_count, language, country, imdb, created_at, updated_at)"
    };
}

static INSERT_MOVIES: Bulk = Bulk::new("storing new films", 15, movie_columns!(), "");

static UPDATE_MOVIES: Bulk = Bulk::new(
    "storing films",
    15,
    movie_columns!(),
    " ON CONFLICT (key) DO UPDATE SET document = excluded.document, deleted = excluded.deleted, \
     title = excluded.title, year = excluded.year, release_date = excluded.release_date, \
     runtime_minutes = excluded.runtime_minutes, rating = excluded.rating, \
     rating_count = excluded.rating_count, language = excluded.language, \
     country = excluded.country, imdb = excluded.imdb, created_at = excluded.created_at, \
     updated_at = excluded.updated_at",
);

// Only the indexes over what is set are touched: of the dozen there are, two.
static RATE_MOVIES: Bulk = Bulk::new(
    "storing films that were rated",
    4,
    "UPDATE movie SET document = v.column2, rating = v.column3, rating_count = v.column4 FROM (",
    ") AS v WHERE movie.key = v.column1",
);

static UNINDEX: Bulk =
    Bulk::new("taking texts out of the index", 1, "DELETE FROM movie_search WHERE rowid IN (", ")");

static INDEX: Bulk =
    Bulk::new("indexing texts", 4, "INSERT INTO movie_search (rowid, title, people, other)", "");

static LEAVE: Bulk = Bulk::new(
    "leaving facets",
    3,
    "DELETE FROM movie_facet WHERE (kind, slug, movie_key) IN (",
    ")",
);

static JOIN: Bulk =
    Bulk::new("joining facets", 3, "INSERT INTO movie_facet (kind, slug, movie_key)", "");

static STORE_FACETS: Bulk = Bulk::new(
    "storing facets",
    5,
    "INSERT INTO facet (kind, slug, name, movie_count, document)",
    " ON CONFLICT (kind, slug) DO UPDATE SET name = excluded.name, \
     movie_count = excluded.movie_count, document = excluded.document",
);

static REMOVE_FACETS: Bulk =
    Bulk::new("removing facets", 2, "DELETE FROM facet WHERE (kind, slug) IN (", ")");

static INSERT_RATINGS: Bulk = Bulk::new(
    "storing new ratings",
    5,
    "INSERT INTO rating (movie_id, account_id, value, rated_at, revision)",
    "",
);

static UPDATE_RATINGS: Bulk = Bulk::new(
    "storing ratings",
    5,
    "INSERT INTO rating (movie_id, account_id, value, rated_at, revision)",
    " ON CONFLICT (movie_id, account_id) DO UPDATE SET value = excluded.value, \
     rated_at = excluded.rated_at, revision = excluded.revision",
);

static REMOVE_RATINGS: Bulk =
    Bulk::new("removing ratings", 2, "DELETE FROM rating WHERE (movie_id, account_id) IN (", ")");

static STORE_WITHDRAWN: Bulk = Bulk::new(
    "storing withdrawals",
    3,
    "INSERT INTO withdrawn_rating (movie_id, account_id, revision)",
    " ON CONFLICT (movie_id, account_id) DO UPDATE SET revision = excluded.revision",
);

static REMOVE_WITHDRAWN: Bulk = Bulk::new(
    "removing withdrawals",
    2,
    "DELETE FROM withdrawn_rating WHERE (movie_id, account_id) IN (",
    ")",
);

static PARK_STREAMS: Bulk =
    Bulk::new("parking streams", 3, "INSERT INTO parked_stream (stream, position, reason)", "");

static PARK_EVENTS: Bulk =
    Bulk::new("parking events", 2, "INSERT INTO parked_event (position, stream)", "");

/// Writes all of it.
pub(super) async fn changes(
    db: &mut SqliteConnection,
    changes: &Changes,
) -> Result<(), StoreError> {
    movies(db, &changes.movies).await?;
    search(db, &changes.movies).await?;
    memberships(db, &changes.movies).await?;
    facets(db, &changes.facets).await?;
    ratings(db, &changes.ratings).await?;
    PARK_STREAMS.all(db, &changes.poison, rows::parked_stream).await?;
    PARK_EVENTS.all(db, &changes.parked, rows::parked_event).await
}

async fn movies(db: &mut SqliteConnection, movies: &[MovieChange]) -> Result<(), StoreError> {
    let Movies { new, changed, rated } = Movies::of(movies);
    INSERT_MOVIES.all(db, &new, rows::movie).await?;
    UPDATE_MOVIES.all(db, &changed, rows::movie).await?;
    RATE_MOVIES.all(db, &rated, rows::rated_movie).await
}

async fn search(db: &mut SqliteConnection, movies: &[MovieChange]) -> Result<(), StoreError> {
    let Texts { out, stored } = Texts::of(movies);
    // How many of them had a text does not matter, so the rows are not counted.
    UNINDEX.any(db, &out, rows::movie_key).await?;
    INDEX.all(db, &stored, rows::text).await
}

async fn memberships(db: &mut SqliteConnection, movies: &[MovieChange]) -> Result<(), StoreError> {
    let Memberships { left, joined } = Memberships::of(movies);
    LEAVE.all(db, &left, rows::membership).await?;
    JOIN.all(db, &joined, rows::membership).await
}

async fn facets(db: &mut SqliteConnection, facets: &[FacetChange]) -> Result<(), StoreError> {
    let Facets { stored, removed } = Facets::of(facets);
    STORE_FACETS.all(db, &stored, rows::facet).await?;
    REMOVE_FACETS.all(db, &removed, rows::facet_key).await
}

async fn ratings(db: &mut SqliteConnection, ratings: &[RatingChange]) -> Result<(), StoreError> {
    let Ratings { withdrawn_out, given_out, new, given, withdrawn } = Ratings::of(ratings);
    REMOVE_WITHDRAWN.all(db, &withdrawn_out, rows::rating_key).await?;
    REMOVE_RATINGS.all(db, &given_out, rows::rating_key).await?;
    INSERT_RATINGS.all(db, &new, rows::rating).await?;
    UPDATE_RATINGS.all(db, &given, rows::rating).await?;
    STORE_WITHDRAWN.all(db, &withdrawn, rows::withdrawn).await
}
