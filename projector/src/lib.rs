//! The projector: folds the log into a read model, and keeps at it.
//!
//! What an event means is decided in `read_model`, which is pure; here are the loop ([`run`]), the
//! transaction that holds changes and checkpoint together ([`sqlite::SqliteReadModel`]), and what
//! happens when something fails. Nothing here knows how films are shown.

mod backoff;
mod error;
mod measure;
mod run;
pub mod sqlite;

pub use backoff::Backoff;
pub use error::{ProjectorError, StoreError};
pub use run::{ProjectorOptions, run};
pub use sqlite::{Applied, PoisonPolicy};
