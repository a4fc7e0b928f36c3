//! What answers are about, and what a change of the read model is about: the one makes the other stale.

use events::MovieId;
use http_kit::{CacheGroup, Cacheable, Topic};
use read_model::{Checkpoint, FacetKey, FacetKind, ReadModelChanged};

use crate::noun::Noun;

/// What an answer is about.
#[derive(Debug, Clone, Hash)]
pub(crate) enum About {
    /// Which films there are, and what any of them is like.
    Films,
    /// One film, with its ratings.
    Film(MovieId),
    /// Which facets of a kind there are, and what any of them is like.
    Facets(FacetKind),
    /// One facet.
    Facet(FacetKey),
}

impl About {
    /// The name by which caches in front of the server forget answers about it. `None`: there are no such answers,
    /// since directors, actors and studios have no addresses.
    pub(crate) fn group(&self) -> Option<CacheGroup> {
        let noun = |kind| Noun::ALL.into_iter().find(|noun| noun.kind == kind);
        match self {
            Self::Films => Some(CacheGroup::all("movies")),
            Self::Film(id) => Some(CacheGroup::one(id.0)),
            Self::Facets(kind) => noun(*kind).map(|noun| CacheGroup::all(noun.plural)),
            Self::Facet((kind, slug)) => {
                noun(*kind).map(|noun| CacheGroup::named(noun.singular, slug.as_str()))
            }
        }
    }
}

/// The mark of an answer that every caller may get.
pub(crate) fn cacheable(
    checkpoint: Checkpoint,
    about: impl IntoIterator<Item = About>,
) -> Cacheable {
    Cacheable {
        series: checkpoint.generation,
        version: checkpoint.position.0,
        topics: about.into_iter().map(Topic::of).collect(),
    }
}

/// What a batch changed.
pub(super) fn changed(change: &ReadModelChanged) -> impl Iterator<Item = About> + '_ {
    let mut kinds: Vec<FacetKind> = change.facets.iter().map(|(kind, _)| *kind).collect();
    kinds.dedup();
    let films = (!change.movies.is_empty()).then_some(About::Films);
    films
        .into_iter()
        .chain(change.movies.iter().copied().map(About::Film))
        .chain(kinds.into_iter().map(About::Facets))
        .chain(change.facets.iter().cloned().map(About::Facet))
}

/// What caches in front of the server have to forget after a batch.
#[must_use]
pub fn changed_groups(change: &ReadModelChanged) -> Vec<CacheGroup> {
    changed(change).filter_map(|about| about.group()).collect()
}
