//! What a batch of events changes: all that a store has to write.

use std::collections::BTreeSet;

use events::{Position, StreamName};

use crate::{
    Checkpoint, FacetDocument, FacetKey, MovieDocument, Poison, RatingState, ReadModelChanged,
    search::SearchText,
};

/// The difference between the read model before and after a batch. Every document is named once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Films to store.
    pub movies: Vec<MovieChange>,
    /// Ratings to store, withdrawn ones included.
    pub ratings: Vec<RatingChange>,
    /// Facets to store or remove.
    pub facets: Vec<FacetChange>,
    /// Poison events, each of which stops its stream.
    pub poison: Vec<Poison>,
    /// Events that were set aside: poison first, then what stands behind it in its stream.
    pub parked: Vec<(Position, StreamName)>,
}

/// A film to store, with what it means for lists and search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovieChange {
    /// Where the film was created. No two films share it and it is the same in every build, so stores
    /// take it for a key.
    pub created: Position,
    /// Whether the store did not have the film before.
    pub is_new: bool,
    /// Whether more than its ratings changed.
    pub entry_changed: bool,
    /// The film as it is now.
    pub document: MovieDocument,
    /// Facets that it belonged to and does not any more.
    pub left: Vec<FacetKey>,
    /// Facets that it belongs to and did not before.
    pub joined: Vec<FacetKey>,
    /// What happens to its text in the search index.
    pub search: SearchChange,
}

/// A rating to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingChange {
    /// What the store had of it.
    pub before: Option<RatingState>,
    /// The rating as it is now.
    pub now: RatingState,
}

/// What happens to a film's text in the search index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchChange {
    /// Nothing.
    Keep,
    /// It is put there, in the place of what may be there now.
    Store(SearchText),
    /// It is taken out.
    Remove,
}

/// A facet to store or remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FacetChange {
    /// This is the facet now.
    Store(FacetDocument),
    /// No film has it any more.
    Remove(FacetKey),
}

impl Changes {
    /// What to tell the change feed once this is committed.
    #[must_use]
    pub fn announcement(&self, previous: Checkpoint, checkpoint: Checkpoint) -> ReadModelChanged {
        let documents = self.facets.iter().map(|change| match change {
            FacetChange::Store(facet) => facet.key(),
            FacetChange::Remove(key) => key.clone(),
        });
        let sets = self.movies.iter().flat_map(|movie| movie.left.iter().chain(&movie.joined));
        let facets: BTreeSet<FacetKey> = documents.chain(sets.cloned()).collect();
        ReadModelChanged {
            previous,
            checkpoint,
            movies: self.movies.iter().map(|movie| movie.document.id).collect(),
            facets: facets.into_iter().collect(),
            traceparent: None,
        }
    }
}
