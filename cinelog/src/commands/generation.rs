//! `cinelog generation`: which generations of the read model there are, and which one is live.

use std::time::Duration;

use projector::{GenerationError, ReadModels, port::Place};
use tokio::time::{Instant, sleep};

use super::print;
use crate::{
    cli::GenerationCommand, config::Config, data_dir::DataDir, error::Failure, telemetry, wire,
};

/// How long a generation that is to be removed may be in use still.
const LEAVING_MAX: Duration = Duration::from_secs(5);

/// How often is looked whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Lists, switches or removes.
pub(crate) async fn generation(
    config: &Config,
    command: &GenerationCommand,
) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let data = DataDir::of(config)?;
    let read_models = wire::read_models(config, &data).await?;
    let read_models = read_models.as_ref();
    match *command {
        GenerationCommand::List => list(read_models).await,
        GenerationCommand::Switch { number } => switch(read_models, number).await,
        GenerationCommand::Remove { number } => {
            remove(read_models, number).await?;
            print(&format!("removed generation {number}\n"))
        }
    }
}

async fn list(read_models: &dyn ReadModels) -> Result<(), Failure> {
    let live = read_models.live().await?;
    for generation in read_models.list().await? {
        let position = match read_models.peek(Place::Generation(generation.number)).await {
            Ok((checkpoint, _)) => format!("position {}", checkpoint.position),
            Err(error) => format!("unreadable: {error}"),
        };
        let mark = if generation.number == live { "live" } else { "" };
        print(&format!(
            "{:>4}  {mark:<4}  {:>12} bytes  {position}  {}\n",
            generation.number, generation.bytes, generation.place
        ))?;
    }
    Ok(())
}

/// Removes a generation, as soon as a server that was told to leave it has done so.
async fn remove(read_models: &dyn ReadModels, number: u64) -> Result<(), Failure> {
    let deadline = Instant::now() + LEAVING_MAX;
    loop {
        match read_models.remove(number).await {
            Err(GenerationError::InUse(_)) if Instant::now() < deadline => sleep(LOOK_EVERY).await,
            done => return Ok(done?),
        }
    }
}

/// Switches to what is a read model of that number, and to nothing else.
async fn switch(read_models: &dyn ReadModels, number: u64) -> Result<(), Failure> {
    if read_models.exists(number).await? {
        let (found, _) = read_models.peek(Place::Generation(number)).await?;
        if found.generation != number {
            let found = found.generation;
            let what = format!("what is called generation {number} holds generation {found}");
            return Err(Failure::Other(what));
        }
    }
    read_models.switch(number).await?;
    print(&format!("generation {number} is live; a running server follows by itself\n"))
}
