//! Lists of films: how they are fetched, and in which order.
//!
//! What the films are fetched by is decided here and not by Postgres, which knows nothing of how
//! conditions and orders go together. Where they are fetched, the ones that fit a condition stand in a
//! `SELECT` of their own that ends with `OFFSET 0`: Postgres plans that by itself, and then sorts it. Where
//! the list is gone through, sorting is so dear to these sessions that only an index remains.

use events::text::plain;
use read_model::{FacetKind, search::Words};
use sqlx::{Postgres, QueryBuilder, Row};

use super::{
    listing::{Columns, Listing, Sql, Walk, column, push_value, storable},
    push_counted,
    session::Session,
};
use crate::{
    filter::{Column, Condition, MovieFilter},
    sort::MovieSort,
    store::{
        MovieList, StoreError,
        planning::{self, MANY_FILMS},
    },
    value::Value,
};

type Query = QueryBuilder<Postgres>;

/// The most films that are gone through for a page, besides those that its window counts off, before
/// they are fetched after all.
const WALK_MAX: i64 = 20_000;

/// The most films that are fetched and sorted for a page, where its order does not ask for it. It takes
/// some tenths of a second.
const FETCHED_MAX: i64 = 100_000;

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Search {
    /// The query in plain form.
    pub(super) plain: String,
    /// What films are found by; `None` where nothing in the query is a letter or a digit.
    pub(super) films: Option<String>,
    /// The same words, in titles only.
    pub(super) titles: Option<String>,
    /// Where similar words are looked for: the schema of pg_trgm.
    pub(super) similar: Option<String>,
}

/// A way to fetch films: by what they have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum By<'f> {
    /// They fit a condition.
    Condition(&'f Condition),
    /// They have the words that are searched for.
    Words,
}

/// How a list is fetched.
#[derive(Debug, Clone)]
pub(super) struct Plan<'f> {
    /// By what; `None` is to go through the list in its order.
    pub(super) by: Option<By<'f>>,
    /// What is looked at for each film that is come by, where the list is gone through. What is not among
    /// these is served by the index of the order.
    looked_at: Vec<By<'f>>,
    /// By what the films are fetched where going through the list fills no page in time: conditions may
    /// exclude each other, or what comes first in the order. `None` where fetching would be no better.
    otherwise: Option<By<'f>>,
    /// Whether there is a search that no film fits.
    pub(super) finds_nothing: bool,
}

impl Search {
    /// What the filter searches for.
    pub(super) fn of(filter: &MovieFilter) -> Option<Self> {
        let query = filter.query.as_deref()?;
        let words = Words::of(query);
        Some(Self {
            plain: storable(&plain(query)),
            films: words.as_ref().map(Words::tsquery),
            titles: words.as_ref().map(Words::tsquery_of_titles),
            similar: None,
        })
    }
}

impl<'f> Plan<'f> {
    /// Counts what has to be counted, and decides.
    pub(super) async fn of(
        lists: &Session,
        list: &'f MovieList,
        search: Option<&Search>,
    ) -> Result<Self, StoreError> {
        let MovieList { filter, order, .. } = list;
        let of_one = filter.conditions.iter().find(|condition| condition.is_of_one_film());
        let conditions = planning::to_be_counted(filter, order).map(By::Condition);
        let words = search.and_then(|search| search.films.as_ref()).map(|_| By::Words);
        let ways: Vec<By<'f>> = words.into_iter().chain(conditions).collect();
        let by_one = of_one.map(By::Condition);
        if ways.is_empty() || (by_one.is_some() && words.is_none()) {
            return Ok(Self { by: by_one, looked_at: ways, otherwise: None, finds_nothing: false });
        }
        let row = lists.row(&|| counting(&ways, search)).await?;
        let total: i64 = row.try_get(0)?;
        let mut films = Vec::new();
        for at in 1..=ways.len() {
            films.push(planning::expected(row.try_get(at)?, total));
        }
        let finds_nothing = words.is_some() && films.first() == Some(&0);
        let fewest = (0..ways.len()).min_by_key(|at| films.get(*at));
        let are_few = films.iter().any(|films| *films <= FETCHED_MAX);
        let fewest = fewest.and_then(|at| ways.get(at).copied());
        // No index has films in the order of how well they fit a query.
        let is_computed = order.keys().iter().any(|(key, _)| key.column().is_none());
        let is_better = planning::fetched_by(&films, total).is_some()
            || planning::way(total, &films) > WALK_MAX;
        let by = by_one.or(fewest.filter(|_| is_computed || (are_few && is_better)));
        let otherwise = fewest.filter(|_| by.is_none() && are_few);
        Ok(Self { by, looked_at: ways, otherwise, finds_nothing })
    }
}

impl Plan<'_> {
    /// How the films are fetched where going through the list does not fill a page in time.
    pub(super) fn otherwise(&self) -> Option<Self> {
        self.otherwise.map(|by| Self { by: Some(by), otherwise: None, ..self.clone() })
    }
}

/// The statement that counts all films, about, and the films of each way, to [`MANY_FILMS`] and no
/// further.
fn counting(ways: &[By<'_>], search: Option<&Search>) -> Query {
    let mut query = Query::new(
        "SELECT CASE WHEN t.reltuples >= 0 THEN t.reltuples::bigint \
         ELSE (SELECT COUNT(*) FROM movie WHERE NOT deleted) END",
    );
    for by in ways {
        query.push(", ");
        if let By::Condition(Condition::HasAny(kind, slugs)) = by {
            query.push("(SELECT COALESCE(SUM(movie_count), 0)::bigint FROM facet WHERE kind = ");
            query.push_bind(kind.as_str()).push(" AND slug = ANY(");
            query.push_bind(texts(slugs.iter().map(|slug| slug.as_str()))).push("))");
        } else {
            query.push("(SELECT COUNT(*) FROM (");
            push_keys(&mut query, *by, search);
            query.push(format_args!(" LIMIT {MANY_FILMS}) AS few)"));
        }
    }
    query.push(" FROM pg_class AS t WHERE t.oid = 'movie'::regclass");
    query
}

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

/// Pushes whether the facet is there whose films these are.
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

/// Pushes the films that a way leads to, as far as everything else holds of them.
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

/// Pushes all films, as far as the index of the order has those that fit together.
fn push_walked(query: &mut Query, filter: &MovieFilter, plan: &Plan<'_>, search: Option<&Search>) {
    query.push("FROM movie AS m WHERE NOT m.deleted");
    for condition in &filter.conditions {
        if !plan.looked_at.contains(&By::Condition(condition)) {
            push_condition(query, condition);
        }
        // What follows from it: half of a catalogue may be rated by nobody, and come first.
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

/// Pushes all films of a list, in whatever order, for counting them: Postgres knows best how.
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

/// Pushes that the film at hand is one that a way leads to.
fn push_fits(query: &mut Query, by: By<'_>, search: Option<&Search>) {
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

/// Pushes the `SELECT` of the keys of the films that a way leads to.
fn push_keys(query: &mut Query, by: By<'_>, search: Option<&Search>) {
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

/// Pushes that the film at hand has these words.
fn push_has_words(query: &mut Query, words: &str) {
    query.push("EXISTS (SELECT 1 FROM movie_search AS s WHERE s.movie_key = m.key AND s.words @@ ");
    query.push_bind(words.to_owned()).push("::tsquery OFFSET 0)");
}

/// Pushes what holds of the film at hand.
fn push_condition(query: &mut Query, condition: &Condition) {
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
                // It is the smallest of its column, and so bounds the search in an index.
                query.push(format_args!(" AND m.{name} > {absent}"));
            }
            query.push(format_args!(" AND m.{name} {} ", comparison.operator()));
            push_value(query, value);
        }
    }
}

fn key_sql(key: MovieSort, search: Option<&Search>) -> Sql<'_> {
    match (key.column(), search) {
        (Some(name), _) => column(name),
        (None, Some(search)) => Box::new(move |query| push_relevance(query, search)),
        (None, None) => column("0::bigint"),
    }
}

/// Pushes how well a film fits a query, the best first: the title is the query, begins with it, has it
/// at the beginning of a word, has all of its words; or the words are elsewhere. Where similar words
/// were looked for, the titles that are most like the query come first among the rest.
///
/// It depends on the film and the query alone, not on what other films there are, so that pages hold
/// together while films come and go.
fn push_relevance(query: &mut Query, search: &Search) {
    query.push("(CASE WHEN m.title = ").push_bind(search.plain.clone());
    query.push(" THEN 0 WHEN starts_with(m.title, ").push_bind(search.plain.clone());
    query.push(") THEN 1 WHEN strpos(' ' || m.title, ").push_bind(format!(" {}", search.plain));
    query.push(") > 0 THEN 2");
    if let Some(words) = &search.titles {
        query.push(" WHEN ");
        push_has_words(query, words);
        query.push(" THEN 3");
    }
    match &search.similar {
        Some(trigrams) => {
            query.push(format_args!(" ELSE 4 + round(10 * (1 - {trigrams}.word_similarity("));
            query.push_bind(search.plain.clone()).push(", m.title)))");
        }
        None => _ = query.push(" ELSE 4"),
    }
    query.push(" END)::bigint");
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.map(storable).collect()
}
