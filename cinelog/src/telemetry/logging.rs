//! Where log lines go.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    config::{LogFormat, LoggingConfig},
    error::Failure,
};

/// Sends `tracing` events to standard error, in the configured form.
pub(crate) fn log_to_stderr(config: &LoggingConfig) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|e| Failure::Other(e.to_string()))?;
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let installed = match config.format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    installed.map_err(|error| Failure::Other(format!("logging cannot be set up: {error}")))
}

/// The same for a command whose output is a result, as cron mails it: only what is out of the ordinary,
/// unless the configuration wants something else than the default.
pub(crate) fn warn_on_stderr(config: &LoggingConfig) -> Result<(), Failure> {
    let mut config = config.clone();
    if config.filter == LoggingConfig::default().filter {
        config.filter = "warn".to_owned();
    }
    log_to_stderr(&config)
}
