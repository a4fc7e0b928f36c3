//! Facets: what films have in common, such as a genre or an actor.

use std::{collections::BTreeMap, fmt};

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
    /// How it is written: as its description says, else as most of its films have it.
    pub name: String,
    /// What it is, in prose. Only described genres have one.
    pub description: Option<String>,
    /// How many films have it, deleted ones not counted.
    pub movie_count: u64,
    /// How many of those films have which spelling. It is counted rather than remembered in the order
    /// of the films, so that it does not matter when a film is folded in.
    #[serde(default)]
    pub spellings: BTreeMap<String, u64>,
    /// The revision of its own stream; [`Revision::NONE`] where nobody described it.
    pub revision: Revision,
}

impl FacetDocument {
    /// A facet that no film has yet.
    pub(crate) fn named((kind, slug): FacetKey, name: String) -> Self {
        let (description, movie_count, spellings) = (None, 0, BTreeMap::new());
        Self { kind, slug, name, description, movie_count, spellings, revision: Revision::NONE }
    }

    /// Counts a film in that has this spelling.
    pub(crate) fn join(&mut self, spelling: String) {
        self.movie_count += 1;
        *self.spellings.entry(spelling).or_default() += 1;
        self.settle_name();
    }

    /// Takes a film that had this spelling out again.
    pub(crate) fn leave(&mut self, spelling: &str) {
        self.movie_count = self.movie_count.saturating_sub(1);
        if let Some(films) = self.spellings.get_mut(spelling) {
            *films = films.saturating_sub(1);
            if *films == 0 {
                self.spellings.remove(spelling);
            }
        }
        self.settle_name();
    }

    /// The name that the films have it by: the commonest, of equals the first in the order of text.
    fn settle_name(&mut self) {
        if self.is_described() {
            return;
        }
        let commonest = self.spellings.iter().min_by_key(|(_, films)| std::cmp::Reverse(**films));
        if let Some((spelling, _)) = commonest
            && self.name != *spelling
        {
            self.name.clone_from(spelling);
        }
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
