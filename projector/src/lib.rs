//! The projector: folds the log into a read model, and keeps at it.
//!
//! What an event means is decided in `read_model`, which is pure. Here are the loop ([`run`]), the transaction that
//! holds changes and checkpoint together (`apply`), and what happens when something fails. [`verify()`] checks a
//! read model against a fresh fold of the log; [`rebuild()`] makes a new generation and switches to it. All of
//! that is written once, over the ports in [`port`]; [`sqlite`] and [`postgres`] are their adapters. Nothing
//! here knows how films are shown.

mod apply;
mod backoff;
mod compare;
mod error;
mod fresh;
mod measure;
mod open;
pub mod port;
pub mod postgres;
mod rebuild;
mod retry;
mod run;
mod sorting;
pub mod sqlite;
mod status;
mod stored;
mod tables;
mod verify;

pub use apply::{Applied, PoisonPolicy};
pub use backoff::Backoff;
pub use compare::{Comparison, Difference, TableComparison, What};
pub use error::{GenerationError, ProjectorError, StoreError};
pub use fresh::{BuildError, Progress, Step};
pub use open::OpenGeneration;
pub use port::{ReadModel, ReadModels};
pub use rebuild::{RebuildOptions, Rebuilt, rebuild};
pub use run::{ProjectorOptions, run};
pub use status::{Addresses, Completeness, FAILING_MAX, Failing, FedBy, Report, Status, Why};
pub use verify::{Verification, verify};
