//! How facets change: step by step, counts by difference, never by counting again.

use std::collections::BTreeMap;

use events::{GenreDescribed, Revision};

use crate::{FacetChange, FacetDocument, FacetKey, FacetKind, tracked::Tracked};

/// What happened to a facet. Kept until the facets are loaded, since which ones are needed shows
/// only while folding.
#[derive(Debug)]
pub(crate) enum FacetStep {
    Leave(FacetKey, String),
    Join(FacetKey, String),
    Describe(GenreDescribed, Revision),
}

impl FacetStep {
    pub(crate) fn key(&self) -> FacetKey {
        match self {
            Self::Leave(key, _) | Self::Join(key, _) => key.clone(),
            Self::Describe(genre, _) => (FacetKind::Genre, genre.slug.clone()),
        }
    }
}

/// Takes the steps in order, from what a store holds of their facets.
pub(crate) fn facet_changes(steps: Vec<FacetStep>, loaded: Vec<FacetDocument>) -> Vec<FacetChange> {
    let mut facets: BTreeMap<FacetKey, Tracked<FacetDocument>> =
        loaded.into_iter().map(|facet| (facet.key(), Tracked::loaded(facet))).collect();
    for step in steps {
        let key = step.key();
        let now = &mut facets.entry(key.clone()).or_default().now;
        match step {
            FacetStep::Leave(_, name) => {
                debug_assert!(now.is_some(), "a film leaves only facets that are there");
                if let Some(facet) = now {
                    facet.leave(&name);
                }
                now.take_if(|facet| facet.movie_count == 0 && !facet.is_described());
            }
            FacetStep::Join(_, name) => {
                now.get_or_insert_with(|| FacetDocument::named(key, String::new())).join(name);
            }
            FacetStep::Describe(genre, revision) => {
                let facet = now.get_or_insert_with(|| FacetDocument::named(key, String::new()));
                facet.name = genre.name;
                facet.description = genre.description;
                facet.revision = revision;
            }
        }
    }
    let changed = facets.into_iter().filter(|(_, facet)| facet.has_changed());
    changed
        .map(|(key, facet)| facet.now.map_or(FacetChange::Remove(key), FacetChange::Store))
        .collect()
}
