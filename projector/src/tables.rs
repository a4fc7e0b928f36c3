//! The tables that every store has, with their columns: `verify` compares them. Each store adds its own index of
//! texts. Knows no store.

use crate::{StoreError, port::Table};

/// A table, and the statement that reads it in the order of its key. Texts are ordered by their bytes.
pub(crate) type Compared = (Table, &'static str);

/// The tables, without their statements.
pub(crate) fn names(tables: &[Compared]) -> Vec<Table> {
    tables.iter().map(|(table, _)| *table).collect()
}

/// The statement that reads a table.
pub(crate) fn reading(tables: &[Compared], table: &Table) -> Result<&'static str, StoreError> {
    let found = tables.iter().find(|(known, _)| known == table).map(|(_, sql)| *sql);
    found.ok_or_else(|| StoreError::Damaged(format!("there is no table {}", table.name)))
}

/// A table with these columns, of which the first `keys` are its key.
pub(crate) const fn table(
    name: &'static str,
    columns: &'static [&'static str],
    keys: usize,
) -> Table {
    Table { name, columns, keys }
}

/// The films, deleted ones included.
pub(crate) const MOVIE: Compared = (
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
);

/// Which films belong to which facets.
pub(crate) const MOVIE_FACET: Compared = (
    table("movie_facet", &["kind", "slug", "movie_key"], 3),
    "SELECT kind, slug, movie_key FROM movie_facet ORDER BY kind, slug, movie_key",
);

/// The facets.
pub(crate) const FACET: Compared = (
    table("facet", &["kind", "slug", "name", "movie_count", "document"], 2),
    "SELECT kind, slug, name, movie_count, document FROM facet ORDER BY kind, slug",
);

/// The ratings, except those that were withdrawn.
pub(crate) const RATING: Compared = (
    table("rating", &["movie_id", "account_id", "value", "rated_at", "revision"], 2),
    "SELECT movie_id, account_id, value, rated_at, revision FROM rating \
     ORDER BY movie_id, account_id",
);

/// The ratings that were withdrawn.
pub(crate) const WITHDRAWN_RATING: Compared = (
    table("withdrawn_rating", &["movie_id", "account_id", "revision"], 2),
    "SELECT movie_id, account_id, revision FROM withdrawn_rating \
     ORDER BY movie_id, account_id",
);

/// The streams that a poison event has stopped. Whether one shall be tried again is not compared.
pub(crate) const PARKED_STREAM: Compared = (
    table("parked_stream", &["stream", "position", "reason"], 1),
    "SELECT stream, position, reason FROM parked_stream ORDER BY stream",
);

/// The events that were set aside.
pub(crate) const PARKED_EVENT: Compared = (
    table("parked_event", &["position", "stream"], 1),
    "SELECT position, stream FROM parked_event ORDER BY position",
);
