//! What is known of a film.

use events::Event;

use super::{MovieCommand, MovieContent, MovieRefusal, decide, evolve};
use crate::Aggregate;

/// A film, as its events have made it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Movie {
    /// Nothing has happened.
    #[default]
    Unknown,
    /// It is in the catalogue.
    Listed(Box<MovieContent>),
    /// It was in the catalogue, and this is what it would be restored to.
    Deleted(Box<MovieContent>),
}

/// Whether a film is in the catalogue: what the other aggregates need to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There never was such a film.
    Unknown,
    /// It is in the catalogue.
    Listed,
    /// It was in the catalogue.
    Deleted,
}

impl Movie {
    /// Whether it is in the catalogue.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Unknown => Standing::Unknown,
            Self::Listed(_) => Standing::Listed,
            Self::Deleted(_) => Standing::Deleted,
        }
    }
}

impl Aggregate for Movie {
    type Command = MovieCommand;
    type Refusal = MovieRefusal;

    fn decide(&self, command: &MovieCommand) -> Result<Vec<Event>, MovieRefusal> {
        decide::decide(self, command)
    }

    fn exists(&self) -> bool {
        matches!(self, Self::Listed(_))
    }

    fn evolve(self, event: &Event) -> Self {
        evolve::evolve(self, event)
    }
}
