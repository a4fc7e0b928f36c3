//! What a batch of events needs of a store before it can be folded in.

use std::collections::{BTreeSet, HashSet};

use events::{AccountId, MovieId, Position, Revision, StreamName};

use crate::{Fact, MovieDocument, RatingState, fact::Subject};

/// The revision of the first event of every stream.
const FIRST: Revision = Revision(1);

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
    /// What `facts` need. What begins among them is not needed: the store cannot have anything of a
    /// stream whose first event is still to come.
    #[must_use]
    pub fn of(facts: &[Fact<'_>]) -> Self {
        let mut keys = Self::default();
        let mut begun: HashSet<&StreamName> = HashSet::new();
        let mut new_movies = HashSet::new();
        for fact in facts {
            let stream = &fact.recorded.stream;
            let begins = fact.recorded.revision == FIRST;
            if begins {
                begun.insert(stream);
            }
            let is_new = begun.contains(stream);
            if !is_new && !keys.streams.contains(stream) {
                keys.streams.insert(stream.clone());
            }
            let Some(subject) = fact.subject() else { continue };
            // What stands in another's stream says nothing of its own.
            let is_new = is_new && subject.is_in(stream);
            match subject {
                Subject::Movie(movie) if is_new => {
                    new_movies.insert(movie);
                }
                Subject::Movie(movie) => {
                    keys.movies.insert(movie);
                }
                Subject::Rating(movie, account, _) => {
                    if !new_movies.contains(&movie) {
                        keys.movies.insert(movie);
                    }
                    if !is_new {
                        keys.ratings.insert((movie, account));
                    }
                }
                Subject::Genre(_) => {}
            }
        }
        keys
    }
}

/// A film as a store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMovie {
    /// Where it was created.
    pub created: Position,
    /// The film.
    pub document: MovieDocument,
}

/// What a store holds of some [`Keys`].
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Films.
    pub movies: Vec<StoredMovie>,
    /// Ratings, withdrawn ones included.
    pub ratings: Vec<RatingState>,
    /// Those of the streams that a poison event has stopped.
    pub parked: BTreeSet<StreamName>,
}
