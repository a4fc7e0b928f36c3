//! Which films this file has named before.
//!
//! A file that says two things about one film would change it twice with every import, for ever. So
//! what a file has said of a film stands; a later line of it may add to that, and not contradict it.

use std::collections::HashSet;

use events::MovieId;

/// How many films of a file are remembered: some 300 MB. Of the ones beyond nobody knows whether they
/// are named twice.
const FILMS_MAX: usize = 16 << 20;

/// Films that have been named, by half of their ids: those are as good as random, so that two films
/// of a file share a half once in a million files.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashSet<u64>);

impl Repeats {
    /// Whether the film has been named before; it has from now on.
    pub(super) fn is_repeat(&mut self, movie: MovieId) -> bool {
        let (half, other) = movie.0.as_u64_pair();
        let half = half ^ other;
        if self.0.len() >= FILMS_MAX { self.0.contains(&half) } else { !self.0.insert(half) }
    }
}
