//! How far a read model has come.

use events::Position;
use serde::{Deserialize, Serialize};

/// The state that a read model reflects: all events up to a position, in the shape of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which build of the read model this is, from 1. A rebuild makes a new one; answers of two
    /// generations may differ for the same position, so ETags and cursors carry it.
    pub generation: u64,
    /// The last event that has been folded in.
    pub position: Position,
}
