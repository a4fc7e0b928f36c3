//! The projector: folds the log into a read model, and keeps at it.
//!
//! What an event means is decided in `read_model`, which is pure; here are the loop ([`run`]), the
//! transaction that holds changes and checkpoint together ([`sqlite::SqliteReadModel`]), and what
//! happens when something fails. A read model is proved by folding the log afresh beside it
//! ([`verify()`]) and replaced by a new generation ([`rebuild()`], [`Generations`]). Nothing here knows
//! how films are shown.

mod backoff;
mod compare;
mod error;
mod file_lock;
mod fresh;
mod generations;
mod measure;
mod pointer;
mod rebuild;
mod run;
pub mod sqlite;
mod status;
mod verify;

pub use backoff::Backoff;
pub use compare::{Comparison, Difference, TableComparison, What};
pub use error::{ProjectorError, StoreError};
pub use file_lock::{FileLock, LockError};
pub use fresh::{BuildError, Progress, Step};
pub use generations::{Generation, GenerationError, Generations};
pub use rebuild::{RebuildOptions, Rebuilt, rebuild};
pub use run::{ProjectorOptions, run};
pub use sqlite::{Applied, PoisonPolicy};
pub use status::{Completeness, FAILING_MAX, Failing, Report, Status};
pub use verify::{Verification, verify};
