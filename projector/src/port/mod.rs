//! The ports of the projector: a read model that is written to, all generations of one, one that stands
//! still to be compared, and the films in one. Each is chosen once, above; nothing behind these traits is seen here.

mod films;
mod read_model;
mod read_models;
mod snapshot;

pub use films::{Films, Titled};
pub use read_model::{Batch, Leadership, ParkedStream, ReadModel};
pub use read_models::{Generation, Guard, Place, ReadModels, Work};
pub use snapshot::{Row, Snapshot, Table, Value};
