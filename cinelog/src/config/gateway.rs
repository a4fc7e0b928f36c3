//! `[gateway]`: caches in front of the query nodes.

use std::{path::PathBuf, time::Duration};

use purger::GatewayAddress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Secret, Texts, duration, within};

/// How many gateways a query node tells what to forget.
const GATEWAYS_MAX: usize = 16;

/// Caches in front of the query nodes (nginx, Varnish), which are told what to forget.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatewayConfig {
    /// Where each of them takes `PURGE` with `Surrogate-Key`, such as `["http://varnish:8000/"]`: a list, or a
    /// text with commas. Every query node tells all of them: of several nodes none may be left that still
    /// gives out what is out of date.
    #[serde(deserialize_with = "Texts::deserialize_parts")]
    pub(crate) purge: Vec<String>,
    /// What is shown to them, as `Authorization: Bearer`: 16 to 256 visible ASCII characters.
    pub(crate) purge_token: Secret,
    /// The same, kept in this file. Only one of the two can be set.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purge_token_file: Option<PathBuf>,
    /// How long a gateway may take for an answer.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) purge_timeout: Duration,
    /// How soon, at the earliest, what was purged is purged a second time: an answer that was being fetched
    /// meanwhile may have been kept after the first.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) purge_repeat_after: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            purge: Vec::new(),
            purge_token: Secret::default(),
            purge_token_file: None,
            purge_timeout: Duration::from_secs(1),
            purge_repeat_after: Duration::from_secs(1),
        }
    }
}

impl GatewayConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        within(wrong, "gateway.purge: the number of gateways", self.purge.len(), 0..=GATEWAYS_MAX);
        for address in &self.purge {
            if let Err(error) = address.parse::<GatewayAddress>() {
                wrong.push(format!("gateway.purge: {error}"));
            }
        }
        if self.purge_token.reveal().is_some_and(|token| !is_purge_token(token)) {
            wrong.push(
                "gateway.purge_token: expected 16 to 256 visible ASCII characters".to_owned(),
            );
        }
        if self.purge_token.reveal().is_some() && self.purge_token_file.is_some() {
            wrong.push(
                "gateway.purge_token_file: the token is given by gateway.purge_token already"
                    .to_owned(),
            );
        }
        let millis = self.purge_timeout.as_millis();
        within(wrong, "gateway.purge_timeout in milliseconds", millis, 10..=60_000);
        let millis = self.purge_repeat_after.as_millis();
        within(wrong, "gateway.purge_repeat_after in milliseconds", millis, 10..=60_000);
    }

    /// The addresses, which have been checked.
    pub(crate) fn gateways(&self) -> Vec<GatewayAddress> {
        self.purge.iter().filter_map(|address| address.parse().ok()).collect()
    }
}

/// Whether this may be a token.
pub(crate) fn is_purge_token(token: &str) -> bool {
    (16..=256).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}
