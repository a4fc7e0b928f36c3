//! `cinelog generation`: which generations of the read model there are, and which one is live.

use std::time::Duration;

use projector::{GenerationError, Generations, sqlite::peek};
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
    let data = DataDir::existing(&config.server.data)?;
    let read_models = wire::read_models(config, &data)?;
    let generations = read_models.generations();
    match *command {
        GenerationCommand::List => list(generations).await,
        GenerationCommand::Switch { number } => switch(generations, number).await,
        GenerationCommand::Remove { number } => {
            remove(generations, number).await?;
            print(&format!("removed generation {number}\n"))
        }
    }
}

async fn list(generations: &Generations) -> Result<(), Failure> {
    let live = generations.live()?;
    for generation in generations.list()? {
        let position = match peek(&generation.path).await {
            Ok((checkpoint, _)) => format!("position {}", checkpoint.position),
            Err(error) => format!("unreadable: {error}"),
        };
        let mark = if generation.number == live { "live" } else { "" };
        print(&format!(
            "{:>4}  {mark:<4}  {:>12} bytes  {position}  {}\n",
            generation.number,
            generation.bytes,
            generation.path.display()
        ))?;
    }
    Ok(())
}

/// Removes a generation, as soon as a server that was told to leave it has done so.
async fn remove(generations: &Generations, number: u64) -> Result<(), Failure> {
    let deadline = Instant::now() + LEAVING_MAX;
    loop {
        match generations.remove(number) {
            Err(GenerationError::InUse(_)) if Instant::now() < deadline => sleep(LOOK_EVERY).await,
            done => return Ok(done?),
        }
    }
}

/// Switches to what is a read model of that number, and to nothing else.
async fn switch(generations: &Generations, number: u64) -> Result<(), Failure> {
    let path = generations.path(number);
    if path.is_file() {
        let (found, _) = peek(&path).await?;
        if found.generation != number {
            let path = path.display();
            let found = found.generation;
            return Err(Failure::Other(format!("{path} holds generation {found}, not {number}")));
        }
    }
    generations.switch(number)?;
    print(&format!("generation {number} is live; a running server follows by itself\n"))
}
