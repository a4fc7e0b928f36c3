//! What is compared: every table, in the order of its key.

use crate::port::Table;

/// Makes the entries of the text index readable: the index itself keeps no texts.
pub(super) const TEXT_INDEX: &str = "CREATE VIRTUAL TABLE temp.movie_search_entry USING fts5vocab('main', 'movie_search', 'instance')";

const fn table(name: &'static str, columns: &'static [&'static str], keys: usize) -> Table {
    Table { name, columns, keys }
}

/// The tables, each with how it is read: in the order of primary keys, so that nothing is sorted.
pub(super) const TABLES: &[(Table, &str)] = &[
    (
        table(
            "movie",
            &[
                "key",
                "id",
                "document",
                "deleted",
                "title",
                "year",
                "release_date",
                "runtime_minutes",
                "rating",
                "rating_count",
                "language",
                "country",
                "imdb",
                "created_at",
                "updated_at",
            ],
            1,
        ),
        "SELECT key, id, document, deleted, title, year, release_date, runtime_minutes, rating, \
         rating_count, language, country, imdb, created_at, updated_at FROM movie ORDER BY key",
    ),
    (
        table("movie_facet", &["kind", "slug", "movie_key"], 3),
        "SELECT kind, slug, movie_key FROM movie_facet ORDER BY kind, slug, movie_key",
    ),
    (
        table("facet", &["kind", "slug", "name", "movie_count", "document"], 2),
        "SELECT kind, slug, name, movie_count, document FROM facet ORDER BY kind, slug",
    ),
    (
        table("rating", &["movie_id", "account_id", "value", "rated_at", "revision"], 2),
        "SELECT movie_id, account_id, value, rated_at, revision FROM rating \
         ORDER BY movie_id, account_id",
    ),
    (
        table("withdrawn_rating", &["movie_id", "account_id", "revision"], 2),
        "SELECT movie_id, account_id, revision FROM withdrawn_rating \
         ORDER BY movie_id, account_id",
    ),
    // Entries come by word, then film, column and place; SQLite is told of the first only, so that it
    // does not sort what is sorted.
    (
        table("movie_search", &["term", "movie_key", "part", "offset"], 4),
        "SELECT term, doc AS movie_key, \
         CASE col WHEN 'title' THEN 0 WHEN 'people' THEN 1 ELSE 2 END AS part, offset \
         FROM temp.movie_search_entry ORDER BY term",
    ),
    (
        table("parked_stream", &["stream", "position", "reason"], 1),
        "SELECT stream, position, reason FROM parked_stream ORDER BY stream",
    ),
    (
        table("parked_event", &["position", "stream"], 1),
        "SELECT position, stream FROM parked_event ORDER BY position",
    ),
];
