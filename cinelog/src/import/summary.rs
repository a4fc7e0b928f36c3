//! What an import came to.

use std::{fmt, ops::AddAssign};

use serde::{Deserialize, Serialize};

use super::Outcome;

/// How many records came to what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Films that are new.
    pub(crate) created: u64,
    /// Films that are different now.
    pub(crate) changed: u64,
    /// Films that were known.
    pub(crate) unchanged: u64,
    /// Records that were refused.
    pub(crate) refused: u64,
    /// Titles that were not asked for.
    pub(crate) left_out: u64,
    /// Columns that were used for nothing.
    pub(crate) unused_columns: Vec<String>,
    /// What else is worth saying.
    pub(crate) notes: Vec<String>,
}

impl Summary {
    /// Counts a record.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::LeftOut => self.left_out += 1,
            Outcome::Refused(_) => self.refused += 1,
        }
    }

    /// How many records there were.
    pub(crate) fn records(&self) -> u64 {
        self.created + self.changed + self.unchanged + self.refused + self.left_out
    }
}

impl AddAssign<&Self> for Summary {
    fn add_assign(&mut self, other: &Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
        self.left_out += other.left_out;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} created, {} changed, {} unchanged, {} refused",
            self.created, self.changed, self.unchanged, self.refused
        )?;
        match self.left_out {
            0 => Ok(()),
            left_out => write!(f, ", {left_out} left out"),
        }
    }
}
