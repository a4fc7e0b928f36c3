//! `cinelog routes`.

use clap::Args;

/// `cinelog routes`.
#[derive(Debug, Args)]
pub(crate) struct RoutesArgs {
    /// As JSON: an object for each route
    #[arg(long)]
    pub(crate) json: bool,
}
