//! `[server]`: the HTTP servers and the data folder.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    roles::Roles,
    values::{duration, within},
};

/// The HTTP servers and the data folder.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerConfig {
    /// Where the API listens. Port 0 takes any free port.
    #[schemars(with = "String")]
    pub(crate) listen: SocketAddr,
    /// Where `/livez`, `/readyz` and `/metrics` listen. Unset: this machine only, with the API's
    /// port raised by 1000, or any free port where that is taken.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// The folder that holds everything which Cinelog keeps in files. Each process needs one of its own.
    pub(crate) data: PathBuf,
    /// What this process does: `command` (writes), `query` (reads), `projector` (folds the log into the
    /// read model). Several processes need a log and a read model on servers.
    pub(crate) roles: Roles,
    /// How long a start waits for the servers of the log and the read model to answer. 0: not at all.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) start_timeout: Duration,
    /// The largest request body, in bytes.
    pub(crate) body_limit_bytes: usize,
    /// Connections at once; more wait to be accepted.
    pub(crate) connections_max: usize,
    /// How long a request may take before it is answered with 503 (408 where its body is late).
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) request_timeout: Duration,
    /// How long a client may take nothing of an answer before its connection is closed (on Linux).
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) write_timeout: Duration,
    /// How long a stopping server waits for requests that are under way.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) drain_timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: None,
            data: PathBuf::from("cinelog-data"),
            roles: Roles::default(),
            start_timeout: Duration::from_secs(30),
            body_limit_bytes: 1 << 20,
            connections_max: 4096,
            request_timeout: Duration::from_secs(40),
            write_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(20),
        }
    }
}

impl ServerConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        let seconds = self.start_timeout.as_secs();
        within(wrong, "server.start_timeout in seconds", seconds, 0..=3_600);
        within(wrong, "server.body_limit_bytes", self.body_limit_bytes, 1_024..=64 << 20);
        within(wrong, "server.connections_max", self.connections_max, 1..=1_000_000);
        // Longer than the 30 seconds that a read may wait for the read model.
        let seconds = self.request_timeout.as_secs();
        within(wrong, "server.request_timeout in seconds", seconds, 31..=3_600);
        let seconds = self.write_timeout.as_secs();
        within(wrong, "server.write_timeout in seconds", seconds, 1..=3_600);
        let seconds = self.drain_timeout.as_secs();
        within(wrong, "server.drain_timeout in seconds", seconds, 0..=3_600);
    }
}
