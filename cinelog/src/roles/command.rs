//! The command role: the write side. It takes commands, carries out jobs (bulk requests that were
//! answered before) and forgets idempotency keys that have been kept long enough. It needs the log, and to know who
//! may still do what they began.

use std::sync::Arc;

use command_api::{CommandOptions, CommandState, Jobs};
use http_kit::access::Recall;
use identity::Authenticator;
use tokio_util::sync::CancellationToken;

use super::{Ports, Tasks, housekeeping};
use crate::{config::Config, data_dir::DataDir, error::Failure, shutdown::Shutdown};

/// Starts what goes on beside requests; gives what these share with it.
pub(super) fn start(
    config: &Config,
    data: &DataDir,
    ports: &Ports,
    authenticator: &Arc<Authenticator>,
    stages: &Shutdown,
    tasks: &mut Tasks,
) -> Result<CommandState, Failure> {
    let folder = data.jobs();
    let recall = Recall::new(Arc::clone(authenticator), ports.clock.clone());
    let jobs = Jobs::open(&folder, ports.clock.clone(), &recall).map_err(|error| {
        Failure::Other(format!("the jobs in {} cannot be opened: {error}", folder.display()))
    })?;
    let options = CommandOptions {
        require_if_match: config.command.require_if_match,
        bulk: config.bulk.options(),
        stopping: stages.stop_taking.clone(),
    };
    let (log, clock) = (Arc::clone(&ports.log), ports.clock.clone());
    let commands = CommandState::new(log, clock, jobs.clone(), options);
    let (log, clock, stop) =
        (Arc::clone(&ports.log), ports.clock.clone(), stages.stop_working.clone());
    housekeeping::start(log, clock, jobs, config.log.idempotency_keep, stop, tasks);
    tasks.spawn(carry_out_jobs(commands.clone(), stages.stop_taking.clone()));
    Ok(commands)
}

async fn carry_out_jobs(commands: CommandState, stop: CancellationToken) -> Result<(), Failure> {
    commands.run_jobs(stop).await;
    Ok(())
}
