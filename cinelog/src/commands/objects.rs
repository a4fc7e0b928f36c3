//! `cinelog objects`: try out the store of objects.

use http_kit::Clock;

use super::print;
use crate::{
    cli::ObjectsCommand,
    config::{Config, ObjectsUrl},
    data_dir::DataDir,
    error::Failure,
    telemetry, wire,
};

/// Tries out the store that is configured.
pub(crate) async fn objects(config: &Config, command: &ObjectsCommand) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    match command {
        ObjectsCommand::Check => check(config).await,
    }
}

async fn check(config: &Config) -> Result<(), Failure> {
    let data = match config.objects.url {
        ObjectsUrl::File(_) => DataDir::open(&config.server.data)?,
        ObjectsUrl::S3 { .. } => DataDir::named(&config.server.data),
    };
    let objects = wire::objects(config, &data)?;
    print(&format!("{objects}\n"))?;
    let id = Clock::system().new_id().to_string();
    let tried = objects.probe(&id).await;
    let steps = tried.map_err(|error| Failure::Other(format!("the store of objects: {error}")))?;
    for step in &steps {
        print(&format!("  {:<32} {:>6} ms\n", step.what, step.took.as_millis()))?;
    }
    print("the store does all that is asked of it\n")
}
