//! Which of a filter's conditions the films of a list are fetched by, whatever the store.
//!
//! Either the films that fit the rarest condition are fetched and sorted, or the list is gone through in
//! its order until a page is full. No database can know which is less work: it would have to know how
//! conditions and order go together. So conditions are counted a little way first.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    filter::{Column, Comparison, Condition, MovieFilter},
    sort::{MovieSort, Order},
};

/// Fewer films than this are always fetched and sorted: it takes some milliseconds, whichever they are.
pub(crate) const FEW_FILMS: i64 = 2_000;

/// Films that fit a condition are counted to this number, which takes a millisecond or two.
pub(crate) const MANY_FILMS: i64 = 20_000;

/// The films of a page, about.
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
    // Where all films have the first key in common, the order is that of the second.
    let has_more = order.keys().len() > 1;
    let is_served = move |condition: &Condition| {
        let is_common = matches!(condition, Condition::Compares(_, Comparison::Equal, _));
        is_served_in_order(condition, first) && !(is_common && has_more)
    };
    filter.conditions.iter().filter(move |it| !is_served(it) && !it.is_of_one_film())
}

/// Which of several ways to fetch the films is taken, where one is: each leads to so many, of so many in
/// all, as [`expected`] says. `None` is to go through the list in its order.
pub(crate) fn fetched_by(films: &[i64], total: i64) -> Option<usize> {
    let fewest = *films.iter().min()?;
    let fetches = fewest < FEW_FILMS || fewest < way(total, films);
    films.iter().position(|films| fetches && *films == fewest)
}

/// How many films fit a condition for which so many were counted. Where counting ended early there are
/// more, and who knows how many.
pub(crate) fn expected(counted: i64, total: i64) -> i64 {
    if counted == MANY_FILMS { counted.max(total / 4) } else { counted }
}

/// How many films are gone through, in the order of a list, before a page of it is full: with so many
/// films in all, of which so many fit each condition. Conditions are taken to know nothing of each
/// other and of the order.
pub(crate) fn way(total: i64, films: &[i64]) -> i64 {
    films.iter().fold(PAGE_FILMS, |way, films| {
        way.saturating_mul(total.max(1)) / (*films).clamp(1, total.max(1))
    })
}

/// Whether the index that has a list in its order, of which this key is the first, has the films that
/// fit together.
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

/// The number of films when they were last counted, and when that was: counting a million takes a
/// while, so it is done now and then.
#[derive(Debug, Default)]
pub(crate) struct Total(Mutex<Option<(i64, Instant)>>);

impl Total {
    /// How many films there were some minutes ago, if they were counted then.
    pub(crate) fn known(&self) -> Option<i64> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(_, counted)| counted.elapsed() < GOOD_FOR).map(|(films, _)| films)
    }

    /// So many there are now.
    pub(crate) fn know(&self, films: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((films, Instant::now()));
    }
}
