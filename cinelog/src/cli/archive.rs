//! `cinelog backup` and `cinelog restore`.

use std::path::PathBuf;

use clap::Args;

/// `cinelog backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The archive to make, such as films.tar
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Replace FILE where it is there already; it stays until the new one is whole and checked
    #[arg(long)]
    pub(crate) force: bool,
}

/// `cinelog restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The archive
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
