//! `cinelog backup`: an archive of the log and the keys, beside a running server or without one.

use std::time::Instant;

use http_kit::Clock;
use jiff::Timestamp;

use super::print;
use crate::{
    backup::{self, Made, Places},
    cli::BackupArgs,
    config::Config,
    data_dir::DataDir,
    error::Failure,
    telemetry,
};

/// Makes the archive and says what is in it.
pub(crate) async fn backup(config: &Config, args: &BackupArgs) -> Result<(), Failure> {
    telemetry::warn_on_stderr(&config.logging)?;
    let started = Instant::now();
    backup::log_file(config)?;
    let data = DataDir::existing(&config.server.data)?;
    let places = Places::of(config, &data)?;
    let made_at = seconds(Clock::system().now());
    let made = backup::make(&places, &args.file, args.force, made_at).await?;
    print(&format!(
        "backed up {} events, up to position {}: {} bytes in {:.1} s, every event checked\n{}",
        made.events,
        made.position,
        made.bytes,
        started.elapsed().as_secs_f64(),
        about_accounts(&made, &places),
    ))
}

/// Whether the accounts are in it, where somebody might think so.
fn about_accounts(made: &Made, places: &Places) -> &'static str {
    if made.has_accounts {
        "The accounts are in it, without sessions: people who were signed in sign in again.\n"
    } else if places.identity().is_none() {
        "The accounts are on Postgres and not in it (docs/backup.md).\n"
    } else {
        ""
    }
}

/// A time as people write it.
fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
