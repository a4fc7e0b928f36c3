//! Lists of films: how they are fetched, and in which order.
//!
//! How films are fetched is decided here and not by Postgres, which does not know how conditions and orders are
//! related. Either the films that fit one condition are fetched: they stand in a `SELECT` of their own that ends
//! with `OFFSET 0`, which Postgres plans separately, and then they are sorted. Or the list is gone through in
//! its order: these sessions have sorting switched off, so that Postgres uses an index.

mod condition;
mod plan;
mod search;

use read_model::FacetKind;
use sqlx::{Postgres, QueryBuilder};

use self::condition::{push_condition, push_fits, push_keys};
use super::{
    listing::{Columns, Listing, Sql, Walk, column, storable},
    push_counted,
};
use crate::{
    filter::{Column, Condition, MovieFilter},
    sort::MovieSort,
    store::MovieList,
    value::Value,
};

pub(super) use plan::{By, Plan};
pub(super) use search::Search;

type Query = QueryBuilder<Postgres>;

/// The most films that are gone through for a page, not counting those that an offset skips. Then the films are
/// fetched after all.
const WALK_MAX: i64 = 20_000;

/// A list of films, fetched as planned.
pub(super) fn listing<'q>(
    list: &'q MovieList,
    plan: &'q Plan<'q>,
    search: Option<&'q Search>,
) -> Listing<'q> {
    let keys = list.order.keys().iter();
    let keys = keys.map(|(key, direction)| (key_sql(*key, search), *direction)).collect();
    Listing {
        columns: Columns::Document("m.document"),
        keys,
        source: Box::new(move |query| match plan.by {
            Some(by) => push_fetched(query, &list.filter, by, search),
            None => push_walked(query, &list.filter, plan, search),
        }),
        walk: plan.by.is_none().then(|| Walk {
            most: plan.otherwise.map(|_| WALK_MAX),
            fits: Box::new(move |query| {
                for by in &plan.looked_at {
                    push_fits(query, *by, search);
                }
            }),
        }),
        is_there: Box::new(|query| push_has_facet(query, list)),
        count: Box::new(move |query, most| push_count(query, &list.filter, search, most)),
    }
    .and_then("m.id")
}

/// Pushes whether the facet exists whose films are listed.
fn push_has_facet(query: &mut Query, list: &MovieList) {
    let Some((kind, slug)) = &list.of else {
        query.push("true");
        return;
    };
    query.push("EXISTS (SELECT 1 FROM facet WHERE kind = ").push_bind(kind.as_str());
    query.push(" AND slug = ").push_bind(storable(slug.as_str())).push(")");
}

/// Pushes how many films a filter leaves.
fn push_count(query: &mut Query, filter: &MovieFilter, search: Option<&Search>, most: Option<u32>) {
    match (filter.is_one_facet(), most) {
        // The facet has counted them already: a common genre has hundreds of thousands.
        (Some(facet), None) => push_facet_films(query, facet),
        (Some(facet), Some(most)) => {
            query.push("LEAST(");
            push_facet_films(query, facet);
            query.push(format_args!(", {most})"));
        }
        (None, _) => push_counted(query, most, |query| push_all(query, filter, search)),
    }
}

fn push_facet_films(query: &mut Query, (kind, slug): (FacetKind, &events::Slug)) {
    query.push("(SELECT COALESCE(SUM(movie_count), 0)::bigint FROM facet WHERE kind = ");
    query.push_bind(kind.as_str()).push(" AND slug = ").push_bind(storable(slug.as_str()));
    query.push(")");
}

/// Pushes the films that are found in one way, if all other conditions hold of them.
fn push_fetched(query: &mut Query, filter: &MovieFilter, by: By<'_>, search: Option<&Search>) {
    query.push("FROM (SELECT m.* FROM movie AS m WHERE NOT m.deleted AND m.key = ANY(ARRAY(");
    push_keys(query, by, search);
    query.push("))");
    for condition in filter.conditions.iter().map(By::Condition).filter(|it| *it != by) {
        push_fits(query, condition, search);
    }
    if search.is_some() && by != By::Words {
        push_fits(query, By::Words, search);
    }
    query.push(" OFFSET 0) AS m WHERE true");
}

/// Pushes all films, with the conditions that the index of the order can serve.
fn push_walked(query: &mut Query, filter: &MovieFilter, plan: &Plan<'_>, search: Option<&Search>) {
    query.push("FROM movie AS m WHERE NOT m.deleted");
    for condition in &filter.conditions {
        if !plan.looked_at.contains(&By::Condition(condition)) {
            push_condition(query, condition);
        }
        // Conditions that follow from it let the index skip films that nobody rated: they may be half of a
        // catalogue, and come first.
        match condition {
            Condition::Averages(_) => _ = query.push(" AND m.rating_count > 0"),
            Condition::Compares(Column::RatingCount, comparison, Value::Integer(count))
                if comparison.bounds_below(*count, 1) =>
            {
                query.push(" AND m.rating > 0");
            }
            Condition::Compares(Column::RatingCount, comparison, Value::Integer(count))
                if comparison.bounds_above(*count, 0) =>
            {
                query.push(" AND m.rating <= 0");
            }
            _ => {}
        }
    }
    if search.is_some_and(|search| search.films.is_none()) {
        // Nothing in the query is a letter or a digit, so nothing is found.
        query.push(" AND false");
    }
}

/// Pushes all films of a list, for counting them. Order does not matter there, so Postgres may choose how.
fn push_all(query: &mut Query, filter: &MovieFilter, search: Option<&Search>) {
    query.push("FROM movie AS m WHERE NOT m.deleted");
    for condition in &filter.conditions {
        match condition {
            Condition::HasAny(..) => {
                query.push(" AND m.key IN (");
                push_keys(query, By::Condition(condition), search);
                query.push(")");
            }
            _ => push_condition(query, condition),
        }
    }
    match search.map(|search| search.films.is_some()) {
        None => {}
        Some(false) => _ = query.push(" AND false"),
        Some(true) => {
            query.push(" AND m.key IN (");
            push_keys(query, By::Words, search);
            query.push(")");
        }
    }
}

fn key_sql(key: MovieSort, search: Option<&Search>) -> Sql<'_> {
    match (key.column(), search) {
        (Some(name), _) => column(name),
        (None, Some(search)) => Box::new(move |query| search.push_relevance(query)),
        (None, None) => column("0::bigint"),
    }
}
