//! What is compared: the tables of every store, and the texts as Postgres keeps them.

use crate::tables::{
    Compared, FACET, MOVIE, MOVIE_FACET, PARKED_EVENT, PARKED_STREAM, RATING, WITHDRAWN_RATING,
    table,
};

/// The tables, each with how it is read.
pub(super) const TABLES: &[Compared] = &[
    MOVIE,
    MOVIE_FACET,
    FACET,
    RATING,
    WITHDRAWN_RATING,
    // All entries of a film, each with its places and weights.
    (
        table("movie_search", &["movie_key", "words"], 1),
        "SELECT movie_key, words::text FROM movie_search ORDER BY movie_key",
    ),
    // What is looked through for words that are misspelled.
    (table("search_word", &["word"], 1), "SELECT word FROM search_word ORDER BY word"),
    PARKED_STREAM,
    PARKED_EVENT,
];
