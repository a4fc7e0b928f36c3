//! `[server]`: the HTTP servers and the data folder.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    edge::{CorsConfig, TlsConfig},
    proxies::{ForwardedHeader, Networks},
    roles::Roles,
    values::{duration, option_duration, within},
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
    /// read model), `relay` (publishes the log's events on Kafka). Several processes need a log and a read
    /// model on servers.
    pub(crate) roles: Roles,
    /// How long a start waits for the servers of the log and the read model to answer. 0: not at all.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) start_timeout: Duration,
    /// The proxies and gateways in front of the server that are believed who came to them, as networks or
    /// addresses, such as `["10.0.0.0/8"]`: a list, or a text with commas. Nobody else is.
    #[schemars(with = "Vec<String>")]
    pub(crate) trusted_proxies: Networks,
    /// The header in which they say so: `x-forwarded-for` or `forwarded`. They must add to it, or set it, on every
    /// request; the other one is not read, since they pass it on as a client wrote it.
    pub(crate) forwarded_header: ForwardedHeader,
    /// The largest request body, in bytes.
    pub(crate) body_limit_bytes: usize,
    /// Requests that are worked on at once; more are answered 503. Those whose body is still arriving do not
    /// count, and `/livez` and `/readyz` are always answered.
    pub(crate) requests_max: usize,
    /// Connections at once. Where there are more, those are closed whose clients have kept the server waiting
    /// for longest.
    pub(crate) connections_max: usize,
    /// Connections at once from one address (from one /64 of IPv6). Trusted proxies may have any number.
    pub(crate) connections_per_client_max: usize,
    /// How long a client may take for the head of a request, and for the first one after it connects.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) head_timeout: Duration,
    /// How long a connection may stand open between two requests.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) keep_alive_timeout: Duration,
    /// The lowest rate at which a client may send a body, in bytes a second, once `body_grace` is used up; time
    /// counts while the server waits for more of it. 0: any.
    pub(crate) body_rate_min: u64,
    /// How much longer a client may take for a body than `body_rate_min` says.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) body_grace: Duration,
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
    /// For how long browsers shall come by TLS only (`Strict-Transport-Security`). Unset: a year where this
    /// server speaks TLS, and nothing is said where it does not. Set it where a proxy in front speaks TLS.
    #[serde(with = "option_duration", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) hsts_max_age: Option<Duration>,
    /// TLS of the public address.
    pub(crate) tls: TlsConfig,
    /// Pages of other origins.
    pub(crate) cors: CorsConfig,
}

/// For how long browsers come by TLS only, where nobody says.
const HSTS_MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: None,
            data: PathBuf::from("cinelog-data"),
            roles: Roles::default(),
            start_timeout: Duration::from_secs(30),
            trusted_proxies: Networks::default(),
            forwarded_header: ForwardedHeader::default(),
            body_limit_bytes: 1 << 20,
            requests_max: 2048,
            connections_max: 4096,
            connections_per_client_max: 1024,
            head_timeout: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(75),
            body_rate_min: 100,
            body_grace: Duration::from_secs(20),
            request_timeout: Duration::from_secs(40),
            write_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(20),
            hsts_max_age: None,
            tls: TlsConfig::default(),
            cors: CorsConfig::default(),
        }
    }
}

impl ServerConfig {
    /// For how long browsers are told to come by TLS only, in seconds. `None`: they are not told.
    pub(crate) fn hsts_max_age_s(&self) -> Option<u64> {
        let usual = self.tls.is_on().then_some(HSTS_MAX_AGE);
        self.hsts_max_age.or(usual).map(|age| age.as_secs())
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        let seconds = self.start_timeout.as_secs();
        within(wrong, "server.start_timeout in seconds", seconds, 0..=3_600);
        within(wrong, "server.body_limit_bytes", self.body_limit_bytes, 1_024..=64 << 20);
        within(wrong, "server.requests_max", self.requests_max, 1..=1_000_000);
        let per_client = self.connections_per_client_max;
        within(wrong, "server.connections_per_client_max", per_client, 1..=1_000_000);
        let seconds = self.head_timeout.as_secs();
        within(wrong, "server.head_timeout in seconds", seconds, 1..=3_600);
        let seconds = self.keep_alive_timeout.as_secs();
        within(wrong, "server.keep_alive_timeout in seconds", seconds, 1..=3_600);
        within(wrong, "server.body_rate_min", self.body_rate_min, 0..=1 << 30);
        let seconds = self.body_grace.as_secs();
        within(wrong, "server.body_grace in seconds", seconds, 1..=3_600);
        self.tls.check(wrong);
        self.cors.check(wrong);
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
