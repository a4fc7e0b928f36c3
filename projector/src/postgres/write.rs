//! Writes what a batch changed: a statement for each table and kind of change, whatever the number of
//! rows, with a column of values for each of its parameters.
//!
//! A statement that stores must touch exactly the rows it was meant for; otherwise the batch is rolled
//! back. What is new is inserted and not replaced, so that whatever should not be there is noticed.

use read_model::{Changes, FacetChange, MovieChange, RatingChange, RatingState, SearchChange};
use sqlx::PgConnection;

use super::{facets, failure::store_error, movies, ratings};
use crate::StoreError;

/// Writes all of it.
pub(super) async fn changes(db: &mut PgConnection, changes: &Changes) -> Result<(), StoreError> {
    write_movies(db, &changes.movies).await?;
    write_search(db, &changes.movies).await?;
    write_memberships(db, &changes.movies).await?;
    write_facets(db, &changes.facets).await?;
    write_ratings(db, &changes.ratings).await?;
    super::parked::park(db, changes).await?;
    if changes.movies.iter().any(|movie| matches!(movie.search, SearchChange::Store(_))) {
        empty_list(db, "movie_search_words").await?;
    }
    if !changes.facets.is_empty() {
        empty_list(db, "facet_words").await?;
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
    let (mut new, mut changed, mut rated) = (Vec::new(), Vec::new(), Vec::new());
    for movie in changes {
        match movie {
            MovieChange { is_new: true, .. } => new.push(movie),
            MovieChange { entry_changed: true, .. } => changed.push(movie),
            _ => rated.push(movie),
        }
    }
    // In the order of the table, so that it grows at its end.
    new.sort_unstable_by_key(|movie| movie.created);
    rated.sort_unstable_by_key(|movie| movie.created);
    movies::insert(db, &new).await?;
    movies::update(db, &changed).await?;
    movies::rate(db, &rated).await
}

async fn write_search(db: &mut PgConnection, changes: &[MovieChange]) -> Result<(), StoreError> {
    let (mut out, mut texts) = (Vec::new(), Vec::new());
    for movie in changes {
        if let SearchChange::Store(text) = &movie.search {
            texts.push((movie.created, text));
        }
        if movie.search != SearchChange::Keep && !movie.is_new {
            out.push(movie.created);
        }
    }
    texts.sort_unstable_by_key(|(created, _)| *created);
    movies::unindex(db, &out).await?;
    movies::index(db, &texts).await
}

async fn write_memberships(
    db: &mut PgConnection,
    changes: &[MovieChange],
) -> Result<(), StoreError> {
    let (mut left, mut joined) = (Vec::new(), Vec::new());
    for movie in changes {
        left.extend(movie.left.iter().map(|facet| (facet, movie.created)));
        joined.extend(movie.joined.iter().map(|facet| (facet, movie.created)));
    }
    // In the order of the index: neighbours stand on the same page.
    joined.sort_unstable_by_key(|&((kind, slug), created)| (kind.as_str(), slug, created));
    facets::leave(db, &left).await?;
    facets::join(db, &joined).await
}

async fn write_facets(db: &mut PgConnection, changes: &[FacetChange]) -> Result<(), StoreError> {
    let (mut stored, mut removed) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            FacetChange::Store(facet) => stored.push(facet),
            FacetChange::Remove(key) => removed.push(key),
        }
    }
    facets::store(db, &stored).await?;
    facets::remove(db, &removed).await
}

async fn write_ratings(db: &mut PgConnection, changes: &[RatingChange]) -> Result<(), StoreError> {
    use RatingState::{Given, Withdrawn};
    let (mut new, mut given, mut withdrawn) = (Vec::new(), Vec::new(), Vec::new());
    let (mut given_out, mut withdrawn_out) = (Vec::new(), Vec::new());
    for rating in changes {
        match (&rating.before, &rating.now) {
            (None, Given(now)) => new.push(now),
            (Some(Given(_)), Given(now)) => given.push(now),
            (Some(Withdrawn(_)), Given(now)) => {
                new.push(now);
                withdrawn_out.push(&rating.now);
            }
            (Some(Given(_)), Withdrawn(now)) => {
                withdrawn.push(now);
                given_out.push(&rating.now);
            }
            (None | Some(Withdrawn(_)), Withdrawn(now)) => withdrawn.push(now),
        }
    }
    ratings::remove_withdrawn(db, &withdrawn_out).await?;
    ratings::remove(db, &given_out).await?;
    ratings::insert(db, &new).await?;
    ratings::update(db, &given).await?;
    ratings::store_withdrawn(db, &withdrawn).await
}
