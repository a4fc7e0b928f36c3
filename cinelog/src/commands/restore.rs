//! `cinelog restore`: an archive back into a data folder without a history.

use std::time::Instant;

use super::print;
use crate::{
    backup::{self, Places},
    cli::RestoreArgs,
    config::Config,
    data_dir::DataDir,
    error::Failure,
    telemetry,
};

/// Restores the archive and says what was in it. The read model is made when the server starts.
pub(crate) async fn restore(config: &Config, args: &RestoreArgs) -> Result<(), Failure> {
    telemetry::warn_on_stderr(&config.logging)?;
    let started = Instant::now();
    backup::log_file(config)?;
    // Before the folder is touched, or made.
    backup::check(&args.file)?;
    let data = DataDir::open(&config.server.data)?;
    // Servers first, then whoever writes to the log beside one.
    let _locks = (data.lock()?, data.lock_log()?);
    let restored = backup::restore(&args.file, &Places::of(config, &data)?).await?;
    print(&format!(
        "restored {} events, up to position {}, backed up at {}: {} bytes in {:.1} s, every event checked\n\
         The read model is made from them when the server starts.\n",
        restored.events,
        restored.position,
        restored.made_at,
        restored.bytes,
        started.elapsed().as_secs_f64()
    ))
}
