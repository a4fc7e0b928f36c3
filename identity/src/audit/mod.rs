//! The audit trail: who did what, when, and what was refused.
//!
//! - [`Entry`] is one line of it, [`Kind`] what it may tell, [`AuditTrail`] the port.
//! - What changes something is written in the transaction that changes it: adapters of this room call
//!   `write` within theirs.
//! - What is refused is handed to [`Refusals`]: nobody waits for it, and however fast somebody knocks, a
//!   bounded number of lines is written.
//!
//! Nothing in it may hold an e-mail address, a password or a token. It knows nothing of HTTP.

mod entry;
mod gathering;
mod kind;
mod port;
mod reading;
mod refusals;
mod sql;

pub(crate) use self::sql::{forget_person, write};
pub use self::{
    entry::{Details, Entry, Origin, Recorded},
    kind::{Kind, Outcome, UnknownKind},
    port::{AuditTrail, Filter, Place},
    refusals::{Refusals, RefusalsWriter, refusals},
};
