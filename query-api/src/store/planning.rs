//! By which of a filter's conditions the films of a list are fetched, on any store.
//!
//! There are two ways to fill a page. Either the films that fit the rarest condition are fetched and sorted; or
//! the list is gone through in its order until enough films fit. Databases guess badly which is less work, since
//! they do not know how conditions and order are related. So the films that fit each condition are counted
//! first, up to a bound.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    filter::{Column, Comparison, Condition, MovieFilter},
    sort::{MovieSort, Order},
};

/// Fewer films than this are always fetched and sorted: that takes some milliseconds.
pub(crate) const FEW_FILMS: i64 = 2_000;

/// Films that fit a condition are counted to this number, which takes a millisecond or two.
pub(crate) const MANY_FILMS: i64 = 20_000;

/// How many films a page takes, about.
const PAGE_FILMS: i64 = 26;

/// How long a count is good enough for planning.
const GOOD_FOR: Duration = Duration::from_secs(10 * 60);

/// The conditions that have to be counted before a list can be planned: those that the index of its
/// order does not serve by itself.
pub(crate) fn to_be_counted<'f>(
    filter: &'f MovieFilter,
    order: &Order<MovieSort>,
) -> impl Iterator<Item = &'f Condition> {
    let first = order.keys().first().map(|(key, _)| *key);
    // If all films are equal in the first key, the second key decides their order.
    let has_more = order.keys().len() > 1;
    let is_served = move |condition: &Condition| {
        let is_common = matches!(condition, Condition::Compares(_, Comparison::Equal, _));
        is_served_in_order(condition, first) && !(is_common && has_more)
    };
    filter.conditions.iter().filter(move |it| !is_served(it) && !it.is_of_one_film())
}

/// Which of several conditions the films are fetched by. `films` says how many fit each, as [`expected`]
/// estimates; `total` is how many there are. `None`: the list is gone through in its order.
pub(crate) fn fetched_by(films: &[i64], total: i64) -> Option<usize> {
    let fewest = *films.iter().min()?;
    let fetches = fewest < FEW_FILMS || fewest < way(total, films);
    films.iter().position(|films| fetches && *films == fewest)
}

/// An estimate of how many films fit a condition, of which so many were counted. If counting stopped at its bound
/// there are more, but nobody knows how many: a quarter of all is assumed.
pub(crate) fn expected(counted: i64, total: i64) -> i64 {
    if counted == MANY_FILMS { counted.max(total / 4) } else { counted }
}

/// An estimate of how many films are gone through in the order of a list before a page is full. There are `total`
/// films, and `films` says how many fit each condition. Conditions are assumed to be independent of each other
/// and of the order.
pub(crate) fn way(total: i64, films: &[i64]) -> i64 {
    films.iter().fold(PAGE_FILMS, |way, films| {
        way.saturating_mul(total.max(1)) / (*films).clamp(1, total.max(1))
    })
}

/// Whether the films that fit the condition stand side by side in the index that serves an order with this first
/// key.
fn is_served_in_order(condition: &Condition, first: Option<MovieSort>) -> bool {
    let sorts_by = match condition {
        Condition::Averages(_) => MovieSort::Rating,
        Condition::Compares(Column::Year, ..) => MovieSort::Year,
        Condition::Compares(Column::ReleaseDate, ..) => MovieSort::ReleaseDate,
        Condition::Compares(Column::RuntimeMinutes, ..) => MovieSort::RuntimeMinutes,
        Condition::Compares(Column::RatingCount, ..) => MovieSort::RatingCount,
        // The index of codes has the films of each by title.
        Condition::IsAny(Column::Language | Column::Country, codes) if codes.len() == 1 => {
            MovieSort::Title
        }
        _ => return false,
    };
    first == Some(sorts_by)
}

/// The number of films, counted only now and then, since counting a million takes a while.
#[derive(Debug, Default)]
pub(crate) struct Total(Mutex<Option<(i64, Instant)>>);

impl Total {
    /// The last count, if it is recent enough.
    pub(crate) fn known(&self) -> Option<i64> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(_, counted)| counted.elapsed() < GOOD_FOR).map(|(films, _)| films)
    }

    /// Remembers a count that was just made.
    pub(crate) fn know(&self, films: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((films, Instant::now()));
    }
}
