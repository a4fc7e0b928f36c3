//! Documents as the rows of tables: what is filtered and sorted by stands beside the document.
//!
//! An absent value is the smallest of its column: 0 or ''.

use events::{Position, Revision, StreamName, text::plain};
use read_model::{
    FacetDocument, FacetKey, MovieChange, MovieDocument, Poison, RatingDocument, RatingState,
    WithdrawnRating, search::SearchText,
};
use sqlx::{Arguments, error::BoxDynError, sqlite::SqliteArguments};

type Bound = Result<(), BoxDynError>;

/// A number of ours as SQLite has it, which ends at 2^63 - 1.
fn integer(number: u64) -> Result<i64, BoxDynError> {
    Ok(i64::try_from(number)?)
}

fn key(position: Position, values: &mut SqliteArguments) -> Bound {
    values.add(integer(position.0)?)
}

fn revision(revision: Revision, values: &mut SqliteArguments) -> Bound {
    values.add(integer(revision.0)?)
}

/// A row of `movie`.
pub(super) fn movie(change: &&MovieChange, values: &mut SqliteArguments) -> Bound {
    let document = &change.document;
    let details = &document.details;
    key(change.created, values)?;
    values.add(document.id.0)?;
    values.add(serde_json::to_string(document)?)?;
    values.add(document.deleted)?;
    values.add(plain(&details.title))?;
    values.add(details.year.unwrap_or_default())?;
    values.add(details.release_date.map(|date| date.to_string()).unwrap_or_default())?;
    values.add(details.runtime_minutes.unwrap_or_default())?;
    average(document, values)?;
    values.add(details.language.as_deref().unwrap_or_default())?;
    values.add(details.country.as_deref().unwrap_or_default())?;
    values.add(details.external_ids.imdb.as_deref().unwrap_or_default())?;
    values.add(document.created_at.as_microsecond())?;
    values.add(document.updated_at.as_microsecond())
}

/// What of a row of `movie` a rating changes, behind its key.
pub(super) fn rated_movie(change: &&MovieChange, values: &mut SqliteArguments) -> Bound {
    key(change.created, values)?;
    values.add(serde_json::to_string(&change.document)?)?;
    average(&change.document, values)
}

/// `rating` and `rating_count`.
fn average(document: &MovieDocument, values: &mut SqliteArguments) -> Bound {
    values.add(document.rating.average().unwrap_or_default())?;
    values.add(integer(document.rating.count)?)
}

/// A row of `movie_search`.
pub(super) fn text(
    (created, text): &(Position, &SearchText),
    values: &mut SqliteArguments,
) -> Bound {
    key(*created, values)?;
    values.add(&*text.title)?;
    values.add(&*text.people)?;
    values.add(&*text.other)
}

/// The key of a film.
pub(super) fn movie_key(created: &Position, values: &mut SqliteArguments) -> Bound {
    key(*created, values)
}

/// A row of `movie_facet`.
pub(super) fn membership(
    ((kind, slug), created): &(&FacetKey, Position),
    values: &mut SqliteArguments,
) -> Bound {
    values.add(kind.as_str())?;
    values.add(slug.as_str())?;
    key(*created, values)
}

/// A row of `facet`.
pub(super) fn facet(facet: &&FacetDocument, values: &mut SqliteArguments) -> Bound {
    values.add(facet.kind.as_str())?;
    values.add(facet.slug.as_str())?;
    values.add(&*facet.name)?;
    values.add(integer(facet.movie_count)?)?;
    values.add(serde_json::to_string(facet)?)
}

/// The key of a row of `facet`.
pub(super) fn facet_key((kind, slug): &&FacetKey, values: &mut SqliteArguments) -> Bound {
    values.add(kind.as_str())?;
    values.add(slug.as_str())
}

/// A row of `rating`.
pub(super) fn rating(rating: &&RatingDocument, values: &mut SqliteArguments) -> Bound {
    values.add(rating.movie_id.0)?;
    values.add(rating.account_id.0)?;
    values.add(rating.value)?;
    values.add(rating.rated_at.as_microsecond())?;
    revision(rating.revision, values)
}

/// A row of `withdrawn_rating`.
pub(super) fn withdrawn(rating: &&WithdrawnRating, values: &mut SqliteArguments) -> Bound {
    values.add(rating.movie_id.0)?;
    values.add(rating.account_id.0)?;
    revision(rating.revision, values)
}

/// The key of a rating, withdrawn or not.
pub(super) fn rating_key(rating: &&RatingState, values: &mut SqliteArguments) -> Bound {
    let (movie, account) = rating.key();
    values.add(movie.0)?;
    values.add(account.0)
}

/// A row of `parked_stream`.
pub(super) fn parked_stream(poison: &Poison, values: &mut SqliteArguments) -> Bound {
    values.add(poison.stream.as_str())?;
    key(poison.position, values)?;
    values.add(poison.reason.to_string())
}

/// A row of `parked_event`.
pub(super) fn parked_event(
    (position, stream): &(Position, StreamName),
    values: &mut SqliteArguments,
) -> Bound {
    key(*position, values)?;
    values.add(stream.as_str())
}
