//! Group commit: appends that wait together share one transaction, and each is decided on its own.
//!
//! Here is what every store needs of it: the [`queue`] in which appends wait, and the [`ledger`] that
//! decides them in memory. Neither knows SQL; a store loads the ledger, and writes what it accepted.

mod ledger;
mod queue;

pub(crate) use ledger::{Accepted, Ledger, Place, Verdict};
pub(crate) use queue::{BatchLimits, Forget, Queue, Submitter, Waiting, Work, queue};
