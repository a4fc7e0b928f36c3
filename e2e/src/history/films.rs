//! What the log tells of films: how far each had come at any position.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Fact;

/// What streams of ratings begin with; then comes the film's id.
const RATINGS: &str = "rating-";

/// What streams of films begin with; then comes the film's id.
const FILMS: &str = "movie-";

/// How long an id is, with its hyphens.
const ID_LENGTH: usize = 36;

/// All films of a log, by their streams.
pub(super) struct Films<'log> {
    films: HashMap<&'log str, Film<'log>>,
}

/// One of them.
#[derive(Default)]
pub(super) struct Film<'log> {
    /// Where its revisions are, from the first on.
    entries: Vec<u64>,
    /// Where it was rated, or a rating was withdrawn.
    ratings: Vec<u64>,
    /// Where it was deleted, and where restored.
    standing: BTreeMap<u64, bool>,
    /// The streams of those who rate it now.
    raters: HashSet<&'log str>,
}

impl<'log> Films<'log> {
    pub(super) fn of(log: &'log [Fact]) -> Self {
        let mut films: HashMap<&str, Film<'_>> = HashMap::new();
        // Ratings name the film's id only.
        let mut streams: HashMap<&str, &str> = HashMap::new();
        for fact in log {
            if let Some(id) = fact.stream.strip_prefix(FILMS) {
                streams.insert(id, &fact.stream);
                let film = films.entry(&fact.stream).or_default();
                film.entries.push(fact.position);
                match fact.event_type.as_str() {
                    "MovieDeleted" => drop(film.standing.insert(fact.position, false)),
                    "MovieCreated" | "MovieRestored" => {
                        film.standing.insert(fact.position, true);
                    }
                    _ => {}
                }
            } else if let Some(rest) = fact.stream.strip_prefix(RATINGS)
                && let Some(stream) = rest.get(..ID_LENGTH).and_then(|id| streams.get(id))
            {
                let film = films.entry(stream).or_default();
                film.ratings.push(fact.position);
                match fact.event_type.as_str() {
                    "RatingWithdrawn" => drop(film.raters.remove(fact.stream.as_str())),
                    _ => drop(film.raters.insert(&fact.stream)),
                }
            }
        }
        Self { films }
    }

    pub(super) fn get(&self, stream: &str) -> Option<&Film<'log>> {
        self.films.get(stream)
    }

    /// Those that are in the catalogue at the log's end.
    pub(super) fn present(&self) -> impl Iterator<Item = (&'log str, &Film<'log>)> {
        let present = |film: &Film<'_>| film.standing.values().next_back() == Some(&true);
        self.films
            .iter()
            .filter(move |(_, film)| present(film))
            .map(|(stream, film)| (*stream, film))
    }
}

impl Film<'_> {
    /// Its revision and the number of its ratings at a position.
    pub(super) fn at(&self, position: u64) -> (u64, u64) {
        let until = |places: &[u64]| places.partition_point(|place| *place <= position) as u64;
        (until(&self.entries), until(&self.ratings))
    }

    /// The same at the log's end.
    pub(super) fn at_end(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.ratings.len() as u64)
    }

    /// Its revision, and how many rate it, at the log's end.
    pub(super) fn shown_at_end(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.raters.len() as u64)
    }

    /// Whether somebody who reads at `position`, or later, can find it in the catalogue (`true`) or not.
    pub(super) fn can_be(&self, present: bool, position: u64) -> bool {
        let before = self.standing.range(..=position).next_back();
        let then = before.is_some_and(|(_, present)| *present);
        then == present || self.standing.range(position + 1..).any(|(_, later)| *later == present)
    }
}
