//! `cinelog objects`: the store of files that are too large for events.

use clap::Subcommand;

/// `cinelog objects`.
#[derive(Debug, Subcommand)]
pub(crate) enum ObjectsCommand {
    /// Try out the store: write, read, list and delete an object of its own
    ///
    /// Ends with 0 where it does all that is asked of a store, with 1 where it does not, and says at which
    /// step. It may be done beside running servers; nothing of it stays.
    Check,
}
