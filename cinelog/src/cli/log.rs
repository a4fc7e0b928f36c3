//! `cinelog log`.

use clap::{Args, Subcommand};

/// `cinelog log`.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Copy an event log into another store, events and idempotency keys as they are
    ///
    /// Works beside a server that writes to the source; what it writes meanwhile is copied too, as far
    /// as it says at the end. Nobody may write to the target. A target that holds a beginning of the
    /// source is continued: so an interrupted copy goes on, and a backup is brought up to date. Any other
    /// target is refused and stays as it is. Every event is read back, and counts and hashes are
    /// compared. The read model is made from the copy when a server is started on it; keys for tokens
    /// and cursors are files of the data folder. docs/promotion.md has it all.
    ///
    /// Exit status: 0 where the target holds what the source holds, 1 where it was refused, 2 where
    /// it could not be done to its end.
    #[command(after_help = "Examples:\n  \
        cinelog log copy --from sqlite:cinelog-data/log.db --to postgres://cinelog@db.example/cinelog\n  \
        cinelog log copy --from postgres://cinelog@db.example/cinelog --to sqlite:backup.db")]
    Copy(CopyArgs),
}

/// `cinelog log copy`.
#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// The log to copy: sqlite:PATH, postgres://… or kurrentdb://…
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// Where to copy it; tables are made, a database must be there
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}
