//! What is compared: the tables of every store, and the texts as SQLite keeps them.

use crate::tables::{
    Compared, FACET, MOVIE, MOVIE_FACET, PARKED_EVENT, PARKED_STREAM, RATING, WITHDRAWN_RATING,
    table,
};

/// Makes the entries of the text index readable: the index itself keeps no texts.
pub(super) const TEXT_INDEX: &str = "CREATE VIRTUAL TABLE temp.movie_search_entry USING fts5vocab('main', 'movie_search', 'instance')";

/// The tables, each with how it is read: in the order of primary keys, so that nothing is sorted.
pub(super) const TABLES: &[Compared] = &[
    MOVIE,
    MOVIE_FACET,
    FACET,
    RATING,
    WITHDRAWN_RATING,
    // Entries come by word, then film, column and place; SQLite is told of the first only, so that it
    // does not sort what is sorted.
    (
        table("movie_search", &["term", "movie_key", "part", "offset"], 4),
        "SELECT term, doc AS movie_key, \
         CASE col WHEN 'title' THEN 0 WHEN 'people' THEN 1 ELSE 2 END AS part, offset \
         FROM temp.movie_search_entry ORDER BY term",
    ),
    PARKED_STREAM,
    PARKED_EVENT,
];
