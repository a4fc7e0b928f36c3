//! Jobs: bulk requests that are carried out after they have been answered. What commands need is put
//! together here, since requests and jobs share it.

use std::sync::Arc;

use command_api::{CommandOptions, CommandState, Jobs};
use tokio_util::sync::CancellationToken;

use super::Ports;
use crate::{config::Config, data_dir::DataDir, error::Failure, shutdown::Shutdown};

/// What the routes of commands and the jobs share, and the jobs.
pub(super) fn commands(
    config: &Config,
    data: &DataDir,
    ports: &Ports,
    stages: &Shutdown,
) -> Result<(CommandState, Jobs), Failure> {
    let folder = data.jobs();
    let jobs = Jobs::open(&folder, ports.clock.clone()).map_err(|error| {
        Failure::Other(format!("the jobs in {} cannot be opened: {error}", folder.display()))
    })?;
    let options = CommandOptions {
        require_if_match: config.command.require_if_match,
        bulk: config.bulk.options(),
        stopping: stages.stop_taking.clone(),
    };
    let (log, clock) = (Arc::clone(&ports.log), ports.clock.clone());
    Ok((CommandState::new(log, clock, jobs.clone(), options), jobs))
}

/// Carries jobs out until told to stop.
pub(super) async fn run(commands: CommandState, stop: CancellationToken) -> Result<(), Failure> {
    commands.run_jobs(stop).await;
    Ok(())
}
