//! `[read_model]`: where the projector writes and the queries read.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    urls::ReadModelUrl,
    values::{duration, within},
};

/// The read model.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReadModelConfig {
    /// Which store, and where: `sqlite:PATH`, relative to the data folder, or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, which may be the database of the log. It can be
    /// deleted while Cinelog is stopped: the log makes it again. Passwords are never shown.
    pub(crate) url: ReadModelUrl,
    /// Connections that queries read over at the same time.
    pub(crate) readers: u32,
    /// How long a server may work on one statement of a query. Of no meaning to SQLite.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) statement_timeout: Duration,
    /// How long a connection to a server may take to come about. Of no meaning to SQLite.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) connect_timeout: Duration,
}

impl Default for ReadModelConfig {
    fn default() -> Self {
        Self {
            url: ReadModelUrl::Sqlite("read-model.db".into()),
            readers: 4,
            statement_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

impl ReadModelConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        within(wrong, "read_model.readers", self.readers, 1..=64);
        let milliseconds = self.statement_timeout.as_millis();
        within(
            wrong,
            "read_model.statement_timeout in milliseconds",
            milliseconds,
            100..=3_600_000,
        );
        let milliseconds = self.connect_timeout.as_millis();
        within(wrong, "read_model.connect_timeout in milliseconds", milliseconds, 100..=60_000);
    }
}
