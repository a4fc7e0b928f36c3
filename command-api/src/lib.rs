//! The write side over HTTP: a route validates a request into a command; the command is decided upon
//! and what follows from it appended; the receipt says where the events stand in the log.
//!
//! - [`routes`] has one file for each endpoint.
//! - [`Executor`] is the path that every command takes: load, decide, append, retry. Imports take it too.
//! - `execute` leads a request along it; `bulk` leads many, one for each line of an input, and `jobs`
//!   does that later.
//! - `precondition` and `idempotency` (with `in_flight`) guard it; `problem` says every failure, in one place.
//!
//! This room knows nothing of read models. It answers from the log alone, and never reads its own
//! writes back.

mod bulk;
mod cache;
mod changed;
mod circumstances;
mod execute;
mod executor;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod guards;
mod idempotency;
mod in_flight;
mod jobs;
mod loaded;
mod measure;
mod openapi;
mod path;
mod precondition;
mod problem;
#[cfg(test)]
mod races;
mod receipt;
#[cfg(test)]
mod repetition;
mod routes;
mod state;
#[cfg(test)]
mod testing;
mod turns;

pub use bulk::{BulkOptions, Lanes, Turn};
pub use executor::{CarriedOut, CarryOutError, Executor};
pub use jobs::Jobs;
pub use routes::{RESTORE_ADDRESS, access, openapi, routes};
pub use state::{CommandOptions, CommandState};
