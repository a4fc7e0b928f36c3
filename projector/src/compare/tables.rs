//! What is compared: every table, in the order of its key.
//!
//! Left out are the checkpoint, which is compared for itself, and what somebody has asked for (the
//! mark at a parked stream), which no fold gives.

/// A table, as it is read to be compared.
pub(super) struct Table {
    /// How it is called.
    pub(super) name: &'static str,
    /// How many of the first columns are its key. Rows come in the order of it.
    pub(super) keys: usize,
    /// How it is read.
    pub(super) sql: &'static str,
}

/// Makes the entries of the text index readable: the index itself keeps no texts.
pub(super) const TEXT_INDEX: &str = "CREATE VIRTUAL TABLE temp.movie_search_entry USING fts5vocab('main', 'movie_search', 'instance')";

// In the order of primary keys, so that nothing is sorted.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "movie",
        keys: 1,
        sql: "SELECT key, id, document, deleted, title, year, release_date, runtime_minutes, rating, \
              rating_count, language, country, imdb, created_at, updated_at FROM movie ORDER BY key",
    },
    Table {
        name: "movie_facet",
        keys: 3,
        sql: "SELECT kind, slug, movie_key FROM movie_facet ORDER BY kind, slug, movie_key",
    },
    Table {
        name: "facet",
        keys: 2,
        sql: "SELECT kind, slug, name, movie_count, document FROM facet ORDER BY kind, slug",
    },
    Table {
        name: "rating",
        keys: 2,
        sql: "SELECT movie_id, account_id, value, rated_at, revision FROM rating \
              ORDER BY movie_id, account_id",
    },
    Table {
        name: "withdrawn_rating",
        keys: 2,
        sql: "SELECT movie_id, account_id, revision FROM withdrawn_rating \
              ORDER BY movie_id, account_id",
    },
    // Entries come by word, then film, column and place; SQLite is told of the first only, so that it
    // does not sort what is sorted.
    Table {
        name: "movie_search",
        keys: 4,
        sql: "SELECT term, doc AS movie_key, \
              CASE col WHEN 'title' THEN 0 WHEN 'people' THEN 1 ELSE 2 END AS part, offset \
              FROM temp.movie_search_entry ORDER BY term",
    },
    Table {
        name: "parked_stream",
        keys: 1,
        sql: "SELECT stream, position, reason FROM parked_stream ORDER BY stream",
    },
    Table {
        name: "parked_event",
        keys: 1,
        sql: "SELECT position, stream FROM parked_event ORDER BY position",
    },
];
