//! Words that are similar to those of a query, for queries that find nothing as they are.
//!
//! The words of titles and people are kept in a table of their own with an index of trigrams. The index finds
//! candidates. The distance decides: how many letters are wrong, missing, too many or swapped.

use std::collections::HashMap;

use read_model::search::Words;
use sqlx::{QueryBuilder, Row};

use super::session::Session;
use crate::store::StoreError;

/// Shorter words are taken as they are: nearly every short word is near to others.
const CHARS_MIN: usize = 4;

/// Longer words are taken as they are. The table holds none of them.
const CHARS_MAX: usize = 40;

/// From so many characters on, two may be wrong; below, one.
const LONG_CHARS: usize = 8;

/// How many candidates are looked at for each word of a query: those with the most trigrams in common.
const CANDIDATES_MAX: i64 = 300;

/// How many words, the nearest ones, may stand for a word of a query.
const SIMILAR_MAX: usize = 8;

/// For each word of a query, the words that are near it.
#[derive(Debug, Default)]
pub(super) struct Similar(HashMap<String, Vec<String>>);

impl Similar {
    /// The words near to those of a query. `trigrams` is the schema that pg_trgm is in.
    pub(super) async fn to(
        words: &Words,
        lists: &Session,
        trigrams: &str,
    ) -> Result<Self, StoreError> {
        let asked: Vec<String> = words
            .single()
            .filter(|word| (CHARS_MIN..=CHARS_MAX).contains(&word.chars().count()))
            .map(str::to_owned)
            .collect();
        let statement = || {
            let mut query = QueryBuilder::new("SELECT asked.word, near.word FROM unnest(");
            query.push_bind(asked.clone()).push(format_args!(
                "::text[]) AS asked (word) CROSS JOIN LATERAL (\
                 SELECT w.word FROM search_word AS w WHERE w.word OPERATOR({trigrams}.%) asked.word \
                 ORDER BY {trigrams}.similarity(w.word, asked.word) DESC, w.word LIMIT {CANDIDATES_MAX}\
                 ) AS near"
            ));
            query
        };
        let mut near: HashMap<String, Vec<(usize, String)>> = HashMap::new();
        for row in lists.rows(&statement).await? {
            let (asked, word): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let distance = distance(&asked, &word);
            if (1..=may_be_wrong(&asked)).contains(&distance) {
                near.entry(asked).or_default().push((distance, word));
            }
        }
        let nearest = near.into_iter().map(|(asked, mut words)| {
            words.sort();
            (asked, words.into_iter().take(SIMILAR_MAX).map(|(_, word)| word).collect())
        });
        Ok(Self(nearest.collect()))
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words near `word`.
    pub(super) fn of(&self, word: &str) -> &[String] {
        self.0.get(word).map_or(&[], Vec::as_slice)
    }
}

/// How many characters of a word may be wrong.
fn may_be_wrong(word: &str) -> usize {
    if word.chars().count() < LONG_CHARS { 1 } else { 2 }
}

/// How many characters have to be changed, left out, put in or swapped with their neighbour to make one
/// word of the other (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = last[j] + usize::from(a != b);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            let is_swapped = i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b;
            if is_swapped {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_missing_added_and_swapped_letters_count_one_each() {
        for (one, other, wrong) in [
            ("kurosawa", "kurosawa", 0),
            ("kurosowa", "kurosawa", 1),
            ("kurosaw", "kurosawa", 1),
            ("kurossawa", "kurosawa", 1),
            ("alein", "alien", 1),
            ("amelei", "amelie", 1),
            ("samurau", "samurai", 1),
            ("", "ran", 3),
            ("ran", "", 3),
            ("seven", "eleven", 2),
        ] {
            assert_eq!(distance(one, other), wrong, "{one} {other}");
        }
    }

    #[test]
    fn long_words_may_have_two_wrong_letters() {
        assert_eq!((may_be_wrong("samurai"), may_be_wrong("kurosawa")), (1, 2));
    }

    proptest! {
        #[test]
        fn the_distance_is_the_same_both_ways_and_zero_only_for_the_same(
            one in "[abä]{0,8}",
            other in "[abä]{0,8}",
        ) {
            prop_assert_eq!(distance(&one, &other), distance(&other, &one));
            prop_assert_eq!(distance(&one, &other) == 0, one == other);
        }
    }
}
