//! `cinelog redis`: what nodes share and can do without.

use clap::Subcommand;

/// `cinelog redis`.
#[derive(Debug, Subcommand)]
pub(crate) enum RedisCommand {
    /// Try out Redis: reach it in time, share an answer, count for all nodes together
    ///
    /// Ends with 0 where it does all that is asked of it, with 1 where it does not, and says at which step.
    /// It may be done beside running servers; what it leaves goes by itself.
    Check,
}
