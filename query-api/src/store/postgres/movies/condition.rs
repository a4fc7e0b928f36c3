//! Conditions in SQL: whether one holds of the film at hand (`m`), and which films one holds of.

use super::{By, Query, Search};
use crate::{
    filter::{Column, Condition},
    store::postgres::listing::{push_value, storable},
};

/// Pushes the condition that the film at hand is found in this way.
pub(super) fn push_fits(query: &mut Query, by: By<'_>, search: Option<&Search>) {
    match (by, search.map(|search| &search.films)) {
        (By::Condition(condition), _) => push_condition(query, condition),
        (By::Words, Some(Some(words))) => {
            query.push(" AND ");
            push_has_words(query, words);
        }
        (By::Words, Some(None)) => _ = query.push(" AND false"),
        (By::Words, None) => {}
    }
}

/// Pushes the `SELECT` of the keys of the films that are found in this way.
pub(super) fn push_keys(query: &mut Query, by: By<'_>, search: Option<&Search>) {
    match by {
        By::Words => {
            query.push("SELECT movie_key FROM movie_search WHERE words @@ ");
            let words = search.and_then(|search| search.films.clone()).unwrap_or_default();
            query.push_bind(words).push("::tsquery");
        }
        By::Condition(Condition::HasAny(kind, slugs)) => {
            query.push("SELECT movie_key FROM movie_facet WHERE kind = ");
            query.push_bind(kind.as_str()).push(" AND slug = ANY(");
            query.push_bind(texts(slugs.iter().map(|slug| slug.as_str()))).push(")");
        }
        By::Condition(condition) => {
            query.push("SELECT m.key FROM movie AS m WHERE NOT m.deleted");
            push_condition(query, condition);
        }
    }
}

/// Pushes the condition that the film at hand has these words.
pub(super) fn push_has_words(query: &mut Query, words: &str) {
    query.push("EXISTS (SELECT 1 FROM movie_search AS s WHERE s.movie_key = m.key AND s.words @@ ");
    query.push_bind(words.to_owned()).push("::tsquery OFFSET 0)");
}

/// Pushes a filter's condition on the film at hand.
pub(super) fn push_condition(query: &mut Query, condition: &Condition) {
    match condition {
        Condition::HasAny(kind, slugs) => {
            query.push(" AND EXISTS (SELECT 1 FROM movie_facet AS f WHERE f.movie_key = m.key");
            query.push(" AND f.kind = ").push_bind(kind.as_str()).push(" AND f.slug = ANY(");
            query.push_bind(texts(slugs.iter().map(|slug| slug.as_str()))).push(") OFFSET 0)");
        }
        Condition::IsAny(column, codes) => {
            if *column == Column::Imdb {
                // What the index of IMDb ids was made with.
                query.push(" AND m.imdb <> ''");
            }
            let name = column.name();
            match &codes[..] {
                // Then the index of codes has the films by title.
                [code] => query.push(format_args!(" AND m.{name} = ")).push_bind(storable(code)),
                _ => {
                    query.push(format_args!(" AND m.{name} = ANY("));
                    query.push_bind(texts(codes.iter().map(String::as_str))).push(")")
                }
            };
        }
        Condition::Averages(range) => {
            query.push(" AND m.rating >= ").push_bind(range.start);
            if range.end.is_finite() {
                query.push(" AND m.rating < ").push_bind(range.end);
            }
        }
        Condition::Compares(column, comparison, value) => {
            let name = column.name();
            if let Some(absent) = column.absent() {
                // An absent value is the smallest of its column, so this bounds the search in an index.
                query.push(format_args!(" AND m.{name} > {absent}"));
            }
            query.push(format_args!(" AND m.{name} {} ", comparison.operator()));
            push_value(query, value);
        }
    }
}

/// Texts as they can be bound.
pub(super) fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.map(storable).collect()
}
