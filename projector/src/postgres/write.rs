//! Writes what a batch changed: a statement for each table and kind of change, whatever the number of
//! rows, with a column of values for each of its parameters.
//!
//! A statement that stores must touch exactly the rows it was meant for; otherwise the batch is rolled
//! back. What is new is inserted and not replaced, so that whatever should not be there is noticed.

use std::time::Duration;

use read_model::{Changes, FacetChange, MovieChange, RatingChange, SearchChange};
use sqlx::PgConnection;

use super::{facets, failure::store_error, line::within, movies, parked, ratings, words};
use crate::{
    StoreError,
    sorting::{Facets, Memberships, Movies, Ratings, Texts},
};

/// Writes all of it, each kind of change within `most`.
pub(super) async fn changes(
    db: &mut PgConnection,
    changes: &Changes,
    most: Duration,
) -> Result<(), StoreError> {
    within(most, write_movies(db, &changes.movies)).await?;
    let gone = within(most, write_search(db, &changes.movies)).await?;
    within(most, write_memberships(db, &changes.movies)).await?;
    within(most, write_facets(db, &changes.facets)).await?;
    within(most, write_ratings(db, &changes.ratings)).await?;
    within(most, parked::park(db, changes)).await?;
    if changes.movies.iter().any(|movie| matches!(movie.search, SearchChange::Store(_))) {
        within(most, empty_list(db, "movie_search_words")).await?;
    }
    // After the list was emptied, which every look into the index would have to read.
    for gone in gone.chunks(words::FORGOTTEN_TOGETHER_MAX) {
        within(most, words::forget(db, gone)).await?;
    }
    if !changes.facets.is_empty() {
        within(most, empty_list(db, "facet_words")).await?;
    }
    Ok(())
}

/// Moves what was added to an index over words from its list into the index, so that no search has to read
/// the list.
async fn empty_list(db: &mut PgConnection, index: &'static str) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT gin_clean_pending_list($1::regclass)").bind(index);
    query.execute(db).await.map(drop).map_err(store_error)
}

async fn write_movies(db: &mut PgConnection, changes: &[MovieChange]) -> Result<(), StoreError> {
    let Movies { new, changed, rated } = Movies::of(changes);
    movies::insert(db, &new).await?;
    movies::update(db, &changed).await?;
    movies::rate(db, &rated).await
}

/// Gives the words that a film has lost.
async fn write_search(
    db: &mut PgConnection,
    changes: &[MovieChange],
) -> Result<Vec<String>, StoreError> {
    let Texts { out, stored } = Texts::of(changes);
    let gone = words::unindex(db, &out).await?;
    words::index(db, &stored).await?;
    words::without_those_of(db, gone, &stored).await
}

async fn write_memberships(
    db: &mut PgConnection,
    changes: &[MovieChange],
) -> Result<(), StoreError> {
    let Memberships { left, joined } = Memberships::of(changes);
    facets::leave(db, &left).await?;
    facets::join(db, &joined).await
}

async fn write_facets(db: &mut PgConnection, changes: &[FacetChange]) -> Result<(), StoreError> {
    let Facets { stored, removed } = Facets::of(changes);
    facets::store(db, &stored).await?;
    facets::remove(db, &removed).await
}

async fn write_ratings(db: &mut PgConnection, changes: &[RatingChange]) -> Result<(), StoreError> {
    let Ratings { withdrawn_out, given_out, new, given, withdrawn } = Ratings::of(changes);
    ratings::remove_withdrawn(db, &withdrawn_out).await?;
    ratings::remove(db, &given_out).await?;
    ratings::insert(db, &new).await?;
    ratings::update(db, &given).await?;
    ratings::store_withdrawn(db, &withdrawn).await
}
