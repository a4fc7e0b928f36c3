//! `cinelog key`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::token::duration;

/// `cinelog key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List the keys that sign access tokens, and since when and until when
    List,
    /// Let a new key take over: published now, signs later; the old ones are believed a while longer
    ///
    /// Running servers notice within seconds. Where several nodes have files of their own, copy the file
    /// to all of them before the new key signs.
    Rotate(RotateArgs),
    /// Believe a key no more, from now on: what it signed is refused
    Retire(RetireArgs),
}

/// `cinelog key rotate`.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// How long the new key is published before it signs, such as 5m; 0s where the old one has leaked
    #[arg(long, default_value = "5m", value_parser = duration_or_none)]
    pub(crate) after: Duration,
    /// How long the old keys are believed from then on: longer than their tokens live
    #[arg(long, default_value = "1h", value_parser = duration_or_none)]
    pub(crate) overlap: Duration,
}

/// `cinelog key retire`.
#[derive(Debug, Args)]
pub(crate) struct RetireArgs {
    /// Its id, as `cinelog key list` shows it
    // One in sixty-four begins with a hyphen.
    #[arg(value_name = "KEY_ID", allow_hyphen_values = true)]
    pub(crate) id: String,
}

fn duration_or_none(text: &str) -> Result<Duration, String> {
    if text == "0s" { Ok(Duration::ZERO) } else { duration(text) }
}
