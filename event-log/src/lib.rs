//! The log: facts in the order in which they happened, appended and never rewritten.
//!
//! [`EventLog`] is the port; its doc comment is the contract, and [`suite`] the tests that every
//! adapter passes unchanged. An adapter knows nothing of films: it stores envelopes and opaque JSON.

mod append;
mod error;
mod port;
pub mod sqlite;
#[doc(hidden)]
pub mod suite;

pub use append::{Append, Appended, Expected, IdempotencyEntry, Remembered};
pub use error::{AppendError, LogError};
pub use port::{Direction, EventBatches, EventLog, MAX_APPEND_EVENTS, MAX_EVENT_BYTES};
