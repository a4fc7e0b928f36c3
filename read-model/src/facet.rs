//! Facets: what films have in common, such as a genre or an actor.

use std::fmt;

use events::{Revision, Slug};
use serde::{Deserialize, Serialize};

/// The kinds of things that films have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FacetKind {
    /// What sort of film it is.
    Genre,
    /// A free label.
    Tag,
    /// Where it can be watched.
    Platform,
    /// Who directed it.
    Director,
    /// Who plays in it.
    Actor,
    /// Whoever directed it or plays in it, counted once.
    Person,
    /// Who made it.
    Studio,
}

impl FacetKind {
    /// The kind as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genre => "genre",
            Self::Tag => "tag",
            Self::Platform => "platform",
            Self::Director => "director",
            Self::Actor => "actor",
            Self::Person => "person",
            Self::Studio => "studio",
        }
    }
}

impl fmt::Display for FacetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which facet: its kind and its slug.
pub type FacetKey = (FacetKind, Slug);

/// One facet, such as the genre Drama, with how many films it has.
///
/// A facet is there while a film that is not deleted names it. A genre that an editor described is
/// there for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetDocument {
    /// What sort of facet.
    pub kind: FacetKind,
    /// Its name in addresses; unique in its kind.
    pub slug: Slug,
    /// How it is written: as its description says, else as the first of its films had it.
    pub name: String,
    /// What it is, in prose. Only described genres have one.
    pub description: Option<String>,
    /// How many films have it, deleted ones not counted.
    pub movie_count: u64,
    /// The revision of its own stream; [`Revision::NONE`] where nobody described it.
    pub revision: Revision,
}

impl FacetDocument {
    /// A facet that no film has yet.
    pub(crate) fn named((kind, slug): FacetKey, name: String) -> Self {
        Self { kind, slug, name, description: None, movie_count: 0, revision: Revision::NONE }
    }

    /// Which facet this is.
    #[must_use]
    pub fn key(&self) -> FacetKey {
        (self.kind, self.slug.clone())
    }

    /// Whether an editor gave it its name, which then no film's spelling changes.
    #[must_use]
    pub fn is_described(&self) -> bool {
        self.revision > Revision::NONE
    }
}
