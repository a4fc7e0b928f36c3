//! What an import came to.

use std::{fmt, ops::AddAssign};

use super::Outcome;

/// How many lines came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Films that are new.
    pub(crate) created: u64,
    /// Films that are different now.
    pub(crate) changed: u64,
    /// Films that were known.
    pub(crate) unchanged: u64,
    /// Lines that were refused.
    pub(crate) refused: u64,
}

impl Summary {
    /// Counts a line; `None` was blank.
    pub(super) fn count(&mut self, outcome: Option<&Outcome>) {
        match outcome {
            Some(Outcome::Created) => self.created += 1,
            Some(Outcome::Changed) => self.changed += 1,
            Some(Outcome::Unchanged) => self.unchanged += 1,
            Some(Outcome::Refused(_)) => self.refused += 1,
            None => {}
        }
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} created, {} changed, {} unchanged, {} refused",
            self.created, self.changed, self.unchanged, self.refused
        )
    }
}
