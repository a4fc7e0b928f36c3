//! Commands about the read model: `cinelog rebuild`, `cinelog generation` and `cinelog parked`.

use clap::{Args, Subcommand};

/// `cinelog rebuild`.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Build and compare only; `cinelog generation switch` makes the new generation live
    #[arg(long)]
    pub(crate) no_switch: bool,
}

/// `cinelog generation`.
#[derive(Debug, Subcommand)]
pub(crate) enum GenerationCommand {
    /// Print all generations: number, which is live, size, position, file
    List,
    /// Make a generation the live one; a running server follows by itself
    Switch {
        /// Its number
        #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        number: u64,
    },
    /// Remove a generation that is not live
    Remove {
        /// Its number
        #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        number: u64,
    },
}

/// `cinelog parked`.
#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    /// Print the streams: how many events were set aside, and what is wrong with the first
    List,
    /// Try streams again, as after an update of Cinelog that can read what the one before could not
    ///
    /// A running server does it; where none runs, it is done here. Waits for it, and ends with 0 where
    /// all of them could be folded in.
    Retry {
        /// The streams, as `cinelog parked list` prints them
        #[arg(value_name = "STREAM", required_unless_present = "all", conflicts_with = "all")]
        streams: Vec<String>,
        /// All that are parked
        #[arg(long)]
        all: bool,
    },
}
