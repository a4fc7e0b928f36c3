//! The facets that have addresses of their own.

use read_model::FacetKind;

/// A kind of facet as addresses and the documentation name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noun {
    /// The kind.
    pub(crate) kind: FacetKind,
    /// One of them, such as `genre`.
    pub(crate) singular: &'static str,
    /// All of them, as addresses have it, such as `genres`.
    pub(crate) plural: &'static str,
}

impl Noun {
    /// All nouns. Directors and actors are people.
    pub(crate) const ALL: [Self; 4] = [
        Self { kind: FacetKind::Genre, singular: "genre", plural: "genres" },
        Self { kind: FacetKind::Tag, singular: "tag", plural: "tags" },
        Self { kind: FacetKind::Platform, singular: "platform", plural: "platforms" },
        Self { kind: FacetKind::Person, singular: "person", plural: "people" },
    ];
}
