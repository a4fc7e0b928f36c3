//! What a batch of events needs of a store before it can be folded in.

use std::collections::BTreeSet;

use events::{AccountId, MovieId, StreamName};

use crate::{Fact, MovieDocument, RatingState, fact::Subject};

/// The documents that must be loaded before a batch can be folded in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Films.
    pub movies: BTreeSet<MovieId>,
    /// Ratings.
    pub ratings: BTreeSet<(MovieId, AccountId)>,
    /// The streams of the batch, some of which may be parked.
    pub streams: BTreeSet<StreamName>,
}

impl Keys {
    /// What `facts` need.
    #[must_use]
    pub fn of(facts: &[Fact<'_>]) -> Self {
        let mut keys = Self::default();
        for fact in facts {
            if !keys.streams.contains(&fact.recorded.stream) {
                keys.streams.insert(fact.recorded.stream.clone());
            }
            match fact.subject() {
                Some(Subject::Movie(movie)) => {
                    keys.movies.insert(movie);
                }
                Some(Subject::Rating(movie, account, _)) => {
                    keys.movies.insert(movie);
                    keys.ratings.insert((movie, account));
                }
                Some(Subject::Genre(_)) | None => {}
            }
        }
        keys
    }
}

/// What a store holds of some [`Keys`].
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Films.
    pub movies: Vec<MovieDocument>,
    /// Ratings, withdrawn ones included.
    pub ratings: Vec<RatingState>,
    /// Those of the streams that a poison event has stopped.
    pub parked: BTreeSet<StreamName>,
}
