//! Documents as the rows of tables: what is filtered and sorted by stands beside the document.
//!
//! An absent value is the smallest of its column: 0 or ''.

use events::text::plain;
use read_model::{FacetKey, MovieDocument, RatingDocument, WithdrawnRating, search::SearchText};
use serde::Serialize;
use uuid::Uuid;

/// An id as SQLite's `unhex` takes it.
pub(super) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// A row of `movie`.
#[derive(Serialize)]
pub(super) struct MovieRow<'a> {
    id: String,
    document: &'a MovieDocument,
    title: String,
    year: i16,
    release_date: String,
    runtime_minutes: u32,
    language: &'a str,
    country: &'a str,
    imdb: &'a str,
    created_at: i64,
    updated_at: i64,
}

impl<'a> From<&'a MovieDocument> for MovieRow<'a> {
    fn from(document: &'a MovieDocument) -> Self {
        let details = &document.details;
        Self {
            id: hex(document.id.0),
            document,
            title: plain(&details.title),
            year: details.year.unwrap_or_default(),
            release_date: details.release_date.map(|date| date.to_string()).unwrap_or_default(),
            runtime_minutes: details.runtime_minutes.unwrap_or_default(),
            language: details.language.as_deref().unwrap_or_default(),
            country: details.country.as_deref().unwrap_or_default(),
            imdb: details.external_ids.imdb.as_deref().unwrap_or_default(),
            created_at: document.created_at.as_microsecond(),
            updated_at: document.updated_at.as_microsecond(),
        }
    }
}

/// A row of `movie_search`.
#[derive(Serialize)]
pub(super) struct SearchRow<'a> {
    id: String,
    title: &'a str,
    people: &'a str,
    other: &'a str,
}

impl<'a> SearchRow<'a> {
    pub(super) fn new(movie: &MovieDocument, text: &'a SearchText) -> Self {
        let SearchText { title, people, other } = text;
        Self { id: hex(movie.id.0), title, people, other }
    }
}

/// Rows of `movie_facet`: those of one film.
#[derive(Serialize)]
pub(super) struct MembershipRows<'a> {
    pub(super) id: String,
    pub(super) facets: &'a [FacetKey],
}

/// A row of `rating`.
#[derive(Serialize)]
pub(super) struct RatingRow {
    movie_id: String,
    account_id: String,
    value: u8,
    rated_at: i64,
    revision: u64,
}

impl From<&RatingDocument> for RatingRow {
    fn from(rating: &RatingDocument) -> Self {
        Self {
            movie_id: hex(rating.movie_id.0),
            account_id: hex(rating.account_id.0),
            value: rating.value,
            rated_at: rating.rated_at.as_microsecond(),
            revision: rating.revision.0,
        }
    }
}

/// A row of `withdrawn_rating`.
#[derive(Serialize)]
pub(super) struct WithdrawnRow {
    movie_id: String,
    account_id: String,
    revision: u64,
}

impl From<&WithdrawnRating> for WithdrawnRow {
    fn from(rating: &WithdrawnRating) -> Self {
        Self {
            movie_id: hex(rating.movie_id.0),
            account_id: hex(rating.account_id.0),
            revision: rating.revision.0,
        }
    }
}
