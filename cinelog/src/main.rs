//! Cinelog: the one binary. It reads the configuration, wires adapters to ports, and runs roles.
//!
//! This is the only crate that knows which adapters are in use, and that reads the environment and the
//! command line.

mod access;
mod asyncapi;
mod backup;
mod banner;
mod cli;
mod commands;
mod config;
mod copying;
mod data_dir;
mod demo;
mod error;
mod files;
mod import;
mod keys;
mod listen;
mod openapi;
mod patience;
mod roles;
mod secrets;
mod shutdown;
mod site;
mod telemetry;
mod tls;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Command, ConfigCommand, LogCommand},
    config::Config,
    error::Failure,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let status_of_failure = cli.command.status_of_failure();
    match run(cli).await {
        Ok(status) => status,
        Err(failure) => {
            eprintln!("cinelog: {failure}");
            ExitCode::from(status_of_failure)
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let config = Config::load(cli.global.config.as_deref(), &cli.overrides())?;
    match cli.command {
        Command::Serve(args) => commands::serve(config, &args).await,
        Command::Import(args) => return commands::import(&config, &args).await,
        Command::Backup(args) => commands::backup(&config, &args).await,
        Command::Restore(args) => commands::restore(&config, &args).await,
        Command::Verify => return commands::verify(&config).await,
        Command::Rebuild(args) => commands::rebuild(&config, &args).await,
        Command::Generation(command) => commands::generation(&config, &command).await,
        Command::Parked(command) => commands::parked(&config, &command).await,
        Command::Log(LogCommand::Copy(args)) => return commands::copy(&config, &args).await,
        Command::Redis(command) => commands::redis(&config, &command).await,
        Command::Objects(command) => commands::objects(&config, &command).await,
        Command::Key(command) => commands::key(&config, &command),
        Command::Account(command) => commands::account(&config, &command).await,
        Command::Token(args) => commands::token(&config, &args),
        Command::Health { url } => return commands::health(&config.server, url.as_deref()),
        Command::Config(ConfigCommand::Check) => commands::config_check(&config),
        Command::Config(ConfigCommand::Reference) => commands::config_reference(),
        Command::Routes(args) => commands::routes(&args),
        Command::Openapi => commands::openapi(),
        Command::Asyncapi => commands::asyncapi(),
    }?;
    Ok(ExitCode::SUCCESS)
}
