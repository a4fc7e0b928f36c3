//! A film as it is read.

use std::collections::BTreeMap;

use events::{MovieDetails, MovieId, Revision, Slug};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{FacetKey, FacetKind, RatingSummary};

/// All that is known of a film, deleted ones included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovieDocument {
    /// The film.
    pub id: MovieId,
    /// The catalogue revision: that of the film's own stream.
    pub revision: Revision,
    /// How often its ratings have changed: each rating and each withdrawal counts one.
    pub rating_revision: u64,
    /// Its catalogue entry.
    #[serde(flatten)]
    pub details: MovieDetails,
    /// Free labels.
    pub tags: Vec<String>,
    /// Where it can be watched.
    pub platforms: Vec<String>,
    /// What its ratings come to.
    pub rating: RatingSummary,
    /// When it entered the catalogue.
    pub created_at: Timestamp,
    /// When its catalogue entry last changed; ratings do not count (see
    /// [`RatingSummary::changed_at`]).
    pub updated_at: Timestamp,
    /// Whether it has left the catalogue. It is then in no list, search or facet.
    pub deleted: bool,
}

impl MovieDocument {
    /// The facets it belongs to, each with the film's spelling. A deleted film belongs to none.
    #[must_use]
    pub fn facets(&self) -> BTreeMap<FacetKey, &str> {
        let mut facets = BTreeMap::new();
        if self.deleted {
            return facets;
        }
        let lists: [(&[FacetKind], &[String]); 6] = [
            (&[FacetKind::Genre], &self.details.genres),
            (&[FacetKind::Tag], &self.tags),
            (&[FacetKind::Platform], &self.platforms),
            (&[FacetKind::Director, FacetKind::Person], &self.details.directors),
            (&[FacetKind::Actor, FacetKind::Person], &self.details.cast),
            (&[FacetKind::Studio], &self.details.studios),
        ];
        for (kinds, names) in lists {
            for name in names {
                let slug = Slug::of(name);
                for &kind in kinds {
                    facets.entry((kind, slug.clone())).or_insert(name.as_str());
                }
            }
        }
        facets
    }
}
