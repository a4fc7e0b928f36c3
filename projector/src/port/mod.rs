//! The ports of the projector: a read model that is written to, all generations of one, and one that
//! stands still to be compared. Each is chosen once, above; nothing behind these traits is seen here.

mod read_model;
mod read_models;
mod snapshot;

pub use read_model::{Batch, Leadership, ParkedStream, ReadModel};
pub use read_models::{Generation, Guard, Place, ReadModels, Work};
pub use snapshot::{Row, Snapshot, Table, Value};
