//! What can be done to a genre.

use events::Slug;

use crate::Name;

/// Something to do to one genre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenreCommand {
    /// Describe one that nobody has described.
    Create(Slug, GenreContent),
    /// Describe it, or describe it anew.
    Put(Slug, GenreContent),
}

/// What an editor says of a genre, checked and normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenreContent {
    /// How it is written. Its slug need not be the genre's: `sci-fi` may be shown as `Science Fiction`.
    pub name: Name,
    /// What it is, in prose.
    pub description: Option<String>,
}
