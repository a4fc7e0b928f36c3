//! `[log]`: the event log.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    urls::LogUrl,
    values::{duration, within},
};

/// The event log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// Which log, and where: `sqlite:PATH`, relative to the data folder;
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `?sslmode=verify-full&sslrootcert=FILE` and
    /// the like for TLS; `kurrentdb://USER:PASSWORD@HOST:PORT?tls=true`, where the binary was built with
    /// the feature `kurrentdb`. Passwords are never shown.
    pub(crate) url: LogUrl,
    /// Connections that read at the same time. On Postgres a node takes a few more, to append and to
    /// listen.
    pub(crate) readers: u32,
    /// How long a server may work on one statement, or on one call of KurrentDB. Of no meaning to SQLite.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) statement_timeout: Duration,
    /// How long a connection to a server may take to come about. Of no meaning to SQLite.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) connect_timeout: Duration,
    /// How long an `Idempotency-Key` is remembered.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) idempotency_keep: Duration,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            url: LogUrl::Sqlite("log.db".into()),
            readers: 4,
            statement_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            idempotency_keep: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl LogConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if matches!(self.url, LogUrl::KurrentDb(_)) && !cfg!(feature = "kurrentdb") {
            wrong.push(
                "log.url: this binary was built without KurrentDB; build it with \
                 `cargo build --release --features kurrentdb`, or use the Docker image"
                    .to_owned(),
            );
        }
        within(wrong, "log.readers", self.readers, 1..=64);
        let milliseconds = self.statement_timeout.as_millis();
        within(wrong, "log.statement_timeout in milliseconds", milliseconds, 100..=3_600_000);
        let milliseconds = self.connect_timeout.as_millis();
        within(wrong, "log.connect_timeout in milliseconds", milliseconds, 100..=60_000);
        let seconds = self.idempotency_keep.as_secs();
        within(wrong, "log.idempotency_keep in seconds", seconds, 60..=31_536_000);
    }
}
