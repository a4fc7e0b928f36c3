//! Where an event stands: in the whole log (position) and in its stream (revision).

use std::fmt;

use serde::{Deserialize, Serialize};

/// An event's place in the global order of the log.
///
/// [`Position::START`] is before the first event. Positions only grow. On SQLite and Postgres they are
/// 1, 2, 3, … without gaps; elsewhere they are opaque.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event of any log.
    pub const START: Self = Self(0);

    /// The next position.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event's place in its stream, and so also the version of what the stream describes.
///
/// The first event of a stream has revision 1; [`Revision::NONE`] is that of a stream without
/// events. A stream of `n` events is at revision `n`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a stream that has no events.
    pub const NONE: Self = Self(0);

    /// The next revision.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
