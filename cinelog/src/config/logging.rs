//! `[logging]`: what is logged, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// What is logged, and how. Logs go to standard error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoggingConfig {
    /// `text` for people, `json` for machines.
    pub(crate) format: LogFormat,
    /// What is logged: a level (`info`) or directives such as `info,projector=debug`. Each repetition of a
    /// request to a store of objects is of no interest: whether it answers is told once.
    pub(crate) filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// One line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,object_store=warn".to_owned() }
    }
}

impl LoggingConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if let Err(error) = EnvFilter::try_new(&self.filter) {
            wrong.push(format!("logging.filter: {error}"));
        }
    }
}
