//! `[identity]`: where accounts are, and whose tokens are believed.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use identity::revocations::ACCESS_TOKEN_TTL_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    providers::{self, ProviderConfig, TrustedIssuerConfig},
    urls::IdentityUrl,
    values::{duration, within},
};

/// Where accounts are, and whose tokens are believed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdentityConfig {
    /// Where accounts, sessions and the audit trail are: `sqlite:PATH`, relative to the data folder, or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, which may be the database of the log. All nodes that
    /// answer requests need the same. Passwords are never shown.
    pub(crate) url: IdentityUrl,
    /// Connections to the store at the same time, which all share who log in or show a key for machines. To a
    /// file: those that read.
    pub(crate) connections: u32,
    /// How long a server may work on one statement, waiting for others included. Of no meaning to SQLite.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) statement_timeout: Duration,
    /// How long is waited for a connection to a server: for one to come about, or to be free. Of no meaning to
    /// SQLite.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) connect_timeout: Duration,
    /// The `iss` of access tokens.
    pub(crate) issuer: String,
    /// The `aud` of access tokens.
    pub(crate) audience: String,
    /// The file of the Ed25519 key that signs access tokens (PKCS#8 PEM), open to its owner alone. Unset:
    /// `signing-key.pem` in the data folder, made at the first start. All nodes behind one address need
    /// the same, and so does `cinelog token`.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signing_key_file: Option<PathBuf>,
    /// How long an access token of a session is good: from 1m to 1h. What is revoked is refused within
    /// seconds all the same.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) access_token_ttl: Duration,
    /// How long the refresh token just used may be shown again, for an answer that was lost: up to 60s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) refresh_grace: Duration,
    /// How long a session lasts that is not used.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) session_idle: Duration,
    /// How long a session lasts at most.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) session_max: Duration,
    /// Whether somebody who registers must show, by a mail, that the address is theirs before they can log in:
    /// `required`, or `off`. Where it is `off`, whoever registers finds out which addresses have an account.
    pub(crate) verification: Verification,
    /// How long the token in such a mail is good, and at least how long the registration waits for it.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) verification_ttl: Duration,
    /// How long the token in a mail is good that sets a new password.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) password_reset_ttl: Duration,
    /// How long entries of the audit trail are kept (`GET /v1/audit`).
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) audit_keep: Duration,
    /// Providers of OpenID Connect to sign in with (`/v1/login/NAME`), by their names.
    pub(crate) providers: BTreeMap<String, ProviderConfig>,
    /// Issuers whose access tokens are believed, besides our own, by names for them.
    pub(crate) trusted_issuers: BTreeMap<String, TrustedIssuerConfig>,
}

/// Whether addresses must be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verification {
    /// Before one can log in.
    Required,
    /// No.
    Off,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            url: IdentityUrl::Sqlite("identity.db".into()),
            connections: 4,
            statement_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            issuer: "cinelog".to_owned(),
            audience: "cinelog".to_owned(),
            signing_key_file: None,
            access_token_ttl: Duration::from_secs(10 * 60),
            refresh_grace: Duration::from_secs(10),
            session_idle: Duration::from_secs(14 * 24 * 60 * 60),
            session_max: Duration::from_secs(30 * 24 * 60 * 60),
            verification: Verification::Required,
            verification_ttl: Duration::from_secs(24 * 60 * 60),
            password_reset_ttl: Duration::from_secs(60 * 60),
            audit_keep: Duration::from_secs(90 * 24 * 60 * 60),
            providers: BTreeMap::new(),
            trusted_issuers: BTreeMap::new(),
        }
    }
}

impl IdentityConfig {
    /// How long a registration waits for its verification: the mail can be asked for again.
    pub(crate) fn registration_kept(&self) -> Duration {
        const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
        WEEK.max(self.verification_ttl)
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        providers::check_all(&self.issuer, &self.providers, &self.trusted_issuers, wrong);
        for (key, value) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if value.trim().is_empty() {
                wrong.push(format!("identity.{key}: expected a text that is not empty"));
            }
        }
        within(wrong, "identity.connections", self.connections, 1..=64);
        let milliseconds = self.statement_timeout.as_millis();
        within(wrong, "identity.statement_timeout in milliseconds", milliseconds, 100..=3_600_000);
        let milliseconds = self.connect_timeout.as_millis();
        within(wrong, "identity.connect_timeout in milliseconds", milliseconds, 100..=60_000);
        let seconds = [
            ("access_token_ttl", self.access_token_ttl, 60, ACCESS_TOKEN_TTL_MAX.as_secs()),
            ("verification_ttl", self.verification_ttl, 60, 31 * 24 * 60 * 60),
            ("password_reset_ttl", self.password_reset_ttl, 60, 24 * 60 * 60),
            ("refresh_grace", self.refresh_grace, 0, 60),
            ("session_idle", self.session_idle, 60, 366 * 24 * 60 * 60),
            ("session_max", self.session_max, 60, 366 * 24 * 60 * 60),
        ];
        for (key, value, min, max) in seconds {
            let key = format!("identity.{key} in seconds");
            within(wrong, &key, value.as_secs(), min..=max);
        }
        let hours = self.audit_keep.as_secs() / 3600;
        within(wrong, "identity.audit_keep in hours", hours, 1..=87_600);
    }
}
