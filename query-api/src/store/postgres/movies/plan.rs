//! How the films of a list are fetched: by the way that finds the fewest, or by going through the list.

use sqlx::Row;

use super::{
    Query, Search, WALK_MAX,
    condition::{push_keys, texts},
};
use crate::{
    filter::Condition,
    store::{
        MovieList, StoreError,
        planning::{self, MANY_FILMS},
        postgres::session::Session,
    },
};

/// The most films that are fetched and sorted for a page if an index could serve its order. It takes some tenths
/// of a second.
const FETCHED_MAX: i64 = 100_000;

/// A way to find films: by something that they have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store::postgres) enum By<'f> {
    /// They fit a condition.
    Condition(&'f Condition),
    /// They have the words that are searched for.
    Words,
}

/// How a list is fetched.
#[derive(Debug, Clone)]
pub(in crate::store::postgres) struct Plan<'f> {
    /// The way in which films are found; `None`: the list is gone through in its order.
    pub(in crate::store::postgres) by: Option<By<'f>>,
    /// What is tested on each film while the list is gone through. The index of the order serves all other
    /// conditions.
    pub(super) looked_at: Vec<By<'f>>,
    /// The way in which films are found if going through the list does not fill a page in time: conditions may
    /// exclude each other, or whatever comes first in the order. `None`: that would be no better.
    pub(super) otherwise: Option<By<'f>>,
    /// Whether no film fits the search.
    pub(in crate::store::postgres) finds_nothing: bool,
}

impl<'f> Plan<'f> {
    /// Counts how many films each way finds, if the decision depends on it, and decides.
    pub(in crate::store::postgres) async fn of(
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
    /// The plan to follow if going through the list does not fill a page in time.
    pub(in crate::store::postgres) fn otherwise(&self) -> Option<Self> {
        self.otherwise.map(|by| Self { by: Some(by), otherwise: None, ..self.clone() })
    }
}

/// The statement that estimates the number of all films, and counts those of each way up to [`MANY_FILMS`].
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
