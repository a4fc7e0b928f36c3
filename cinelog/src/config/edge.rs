//! `[server.tls]` and `[server.cors]`: how the public address is spoken to, and whose pages may.

use std::{path::PathBuf, time::Duration};

use http_kit::Cors;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Texts, duration, within};

/// TLS of the public address. Without files it speaks plain HTTP, for who stands behind a proxy. The admin
/// address is always plain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TlsConfig {
    /// The certificate and what leads to its root, as PEM. It is read again when it changes, and at SIGHUP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate_file: Option<PathBuf>,
    /// Its private key, as PEM: PKCS#8, PKCS#1 or SEC1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_file: Option<PathBuf>,
    /// How long a client may take for its part of making TLS.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) handshake_timeout: Duration,
}

impl Default for TlsConfig {
    fn default() -> Self {
        let handshake_timeout = Duration::from_secs(10);
        Self { certificate_file: None, key_file: None, handshake_timeout }
    }
}

impl TlsConfig {
    /// Whether the public address speaks TLS.
    pub(crate) fn is_on(&self) -> bool {
        self.certificate_file.is_some()
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if self.certificate_file.is_some() != self.key_file.is_some() {
            wrong.push(
                "server.tls: certificate_file and key_file are of use together only".to_owned(),
            );
        }
        let seconds = self.handshake_timeout.as_secs();
        within(wrong, "server.tls.handshake_timeout in seconds", seconds, 1..=60);
    }
}

/// Which pages of other origins may read answers in a browser (CORS).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CorsConfig {
    /// Their origins, such as `https://films.example`; or `*` alone, for all.
    #[serde(deserialize_with = "Texts::deserialize_parts")]
    pub(crate) origins: Vec<String>,
    /// Whether pages may send cookies along. Tokens do not need it. Not with `*`.
    pub(crate) credentials: bool,
    /// For how long a browser may remember what a preflight said.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) max_age: Duration,
}

impl Default for CorsConfig {
    fn default() -> Self {
        Self { origins: Vec::new(), credentials: false, max_age: Duration::from_secs(2 * 60 * 60) }
    }
}

impl CorsConfig {
    /// What is said on answers; `None` where no origins are configured, or one is wrong.
    pub(crate) fn cors(&self) -> Option<Cors> {
        Cors::new(&self.origins, self.credentials, self.max_age.as_secs()).ok().flatten()
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if let Err(error) = Cors::new(&self.origins, self.credentials, self.max_age.as_secs()) {
            wrong.push(format!("server.cors.origins: {error}"));
        }
        within(wrong, "server.cors.max_age in seconds", self.max_age.as_secs(), 0..=86_400);
    }
}
