//! Why a film refuses a command.

use crate::limits::NAMES_MAX;

/// Why a command contradicts what has happened to a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MovieRefusal {
    /// There never was such a film.
    #[error("there is no such film")]
    Unknown,
    /// It is not in the catalogue now, so there is nothing to change.
    #[error("the film has been deleted")]
    Deleted,
    /// It is not in the catalogue now, and putting another in its place would hide that. Whoever wants
    /// it back restores it first.
    #[error("the film has been deleted: restore it first")]
    MustBeRestored,
    /// It was to be new, but its id has been used.
    #[error("there is a film with this id already")]
    Exists,
    /// It has as many names in this list as it may have.
    #[error("the film has {NAMES_MAX} {0} already, which is the most it can have")]
    Full(NameList),
}

/// A list of names that are put on and taken off one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameList {
    /// Free labels.
    Tags,
    /// Where it can be watched.
    Platforms,
}

impl std::fmt::Display for NameList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tags => "tags",
            Self::Platforms => "platforms",
        })
    }
}
