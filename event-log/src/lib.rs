//! The log: facts in the order in which they happened, appended and never rewritten.
//!
//! [`EventLog`] is the port; its doc comment is the contract, and the `suite` (a cargo feature, for
//! tests) what every adapter passes unchanged. An adapter knows nothing of films: it stores envelopes
//! and opaque JSON.

mod append;
mod backoff;
mod copying;
mod delivery;
mod error;
mod feed;
mod group_commit;
mod health;
pub mod kafka;
#[cfg(feature = "kurrentdb")]
pub mod kurrentdb;
mod measure;
mod port;
pub mod postgres;
mod sql;
pub mod sqlite;
mod subscription;
#[cfg(feature = "suite")]
#[doc(hidden)]
pub mod suite;

pub use append::{Append, Appended, Expected, IdempotencyEntry, Remembered};
pub use copying::{CopyableLog, RESTORE_EVENTS_MAX, RESTORE_KEYS_MAX, RememberedKey, RestoreError};
pub use delivery::{Arrival, Delivery, Refused};
pub use error::{AppendError, LogError};
pub use feed::Feed;
pub use port::{
    Direction, EventBatches, EventLog, MAX_APPEND_BYTES, MAX_APPEND_EVENTS, MAX_EVENT_BYTES,
    MAX_IDEMPOTENCY_KEY_BYTES,
};
