//! The ports of the projector: a read model that is written to, all its generations, a snapshot of one to be
//! compared, and a look-up of its films. Nothing above these traits knows which store is behind them.

mod films;
mod read_model;
mod read_models;
mod snapshot;

pub use films::{Films, Titled};
pub use read_model::{Batch, Leadership, ParkedStream, ReadModel};
pub use read_models::{Generation, Guard, Place, ReadModels, Work};
pub use snapshot::{Row, Snapshot, Table, Value};
