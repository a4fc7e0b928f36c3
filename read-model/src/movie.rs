//! A film as it is read.

use std::collections::BTreeMap;

use events::{Event, MovieCreated, MovieDetails, MovieId, RecordedEvent, Revision, Slug};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{FacetKey, FacetKind, RatingSummary};

/// The facets of a film, each with the film's spelling of its name.
pub type Facets = BTreeMap<FacetKey, String>;

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
    /// A film that has just entered the catalogue.
    pub(crate) fn created(event: &MovieCreated, recorded: &RecordedEvent) -> Self {
        Self {
            id: event.movie_id,
            revision: recorded.revision,
            rating_revision: 0,
            details: event.details.clone(),
            tags: event.tags.clone(),
            platforms: event.platforms.clone(),
            rating: RatingSummary::default(),
            created_at: recorded.metadata.recorded_at,
            updated_at: recorded.metadata.recorded_at,
            deleted: false,
        }
    }

    /// Takes in what happened to the film after its creation. Events about something else change
    /// nothing but its revision.
    pub(crate) fn evolve(&mut self, event: &Event, recorded: &RecordedEvent) {
        match event {
            Event::MovieDetailsChanged(e) => e.changes.apply_to(&mut self.details),
            Event::MovieTagged(e) => e.apply_to(&mut self.tags),
            Event::MovieUntagged(e) => e.apply_to(&mut self.tags),
            Event::MoviePlatformsAdded(e) => e.apply_to(&mut self.platforms),
            Event::MoviePlatformsRemoved(e) => e.apply_to(&mut self.platforms),
            Event::MovieDeleted(_) => self.deleted = true,
            Event::MovieRestored(_) => self.deleted = false,
            Event::MovieCreated(_)
            | Event::MovieRated(_)
            | Event::RatingWithdrawn(_)
            | Event::GenreDescribed(_) => {}
        }
        self.revision = recorded.revision;
        self.updated_at = recorded.metadata.recorded_at;
    }

    /// The facets it belongs to. A deleted film belongs to none.
    #[must_use]
    pub fn facets(&self) -> Facets {
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
                    facets.entry((kind, slug.clone())).or_insert_with(|| name.clone());
                }
            }
        }
        facets
    }
}
