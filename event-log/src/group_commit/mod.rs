//! Group commit: appends that wait together share one transaction, and each is decided on its own.
//!
//! Here is what every store needs of it: the [`queue`] in which appends wait, the [`appender`] that
//! takes them from there, and the [`ledger`] that decides them in memory. None knows SQL; a store loads
//! the ledger, and writes what it accepted.

mod appender;
mod ledger;
mod queue;

pub(crate) use appender::{Appender, CommitError, Committed, Writer};
pub(crate) use ledger::{Accepted, Ledger, Place, Verdict};
pub(crate) use queue::{BatchLimits, Forget, Queue, Submitter, Waiting, Work, queue};
