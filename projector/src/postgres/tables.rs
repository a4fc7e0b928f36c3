//! What is compared: every table, in the order of its key. Texts of keys are compared by their bytes.

use crate::port::Table;

const fn table(name: &'static str, columns: &'static [&'static str], keys: usize) -> Table {
    Table { name, columns, keys }
}

/// The tables, each with how it is read.
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
    // All entries of a film, each with its places and weights.
    (
        table("movie_search", &["movie_key", "words"], 1),
        "SELECT movie_key, words::text FROM movie_search ORDER BY movie_key",
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
