//! `cinelog restore`: an archive back into a data folder without a history.

use std::time::Instant;

use super::print;
use crate::{
    backup::{self, Accounts, Places},
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
         {}The read model is made from them when the server starts.\n",
        restored.events,
        restored.position,
        restored.made_at,
        restored.bytes,
        started.elapsed().as_secs_f64(),
        match restored.accounts {
            Accounts::Restored =>
                "The accounts are as they were then: who was erased since must be erased again.\n\
                 Log-outs and revoked keys of later are not known to it. Before the server takes requests, run \
                 `cinelog key rotate --after 0s`,\n\
                 and `cinelog key retire KEY` for each older key that `cinelog key list` shows: then no access \
                 token of before is believed.\n\
                 Revoke again the API keys that were revoked since.\n",
            Accounts::LeftOut =>
                "The accounts in it are left out: those of this configuration are on Postgres.\n",
            Accounts::None => "",
        },
    ))
}
