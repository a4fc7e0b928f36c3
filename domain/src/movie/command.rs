//! What can be done to a film.

use events::{MovieId, Slug};

use super::{MovieContent, MoviePatch};
use crate::Name;

/// Something to do to one film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovieCommand {
    /// The film.
    pub movie: MovieId,
    /// What to do to it.
    pub action: MovieAction,
}

/// What to do to a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MovieAction {
    /// Enter it in the catalogue, as new.
    Create(Box<MovieContent>),
    /// Make it exactly this; enter it where it is new.
    Put(Box<MovieContent>),
    /// Change some of it.
    Patch(Box<MoviePatch>),
    /// Take it out of the catalogue.
    Delete,
    /// Put it back as it was.
    Restore,
    /// Put a label on it.
    Tag(Name),
    /// Take a label off it.
    Untag(Slug),
    /// Say where it can be watched.
    AddPlatform(Name),
    /// Say where it can be watched no more.
    RemovePlatform(Slug),
}
