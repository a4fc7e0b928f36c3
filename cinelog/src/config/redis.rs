//! `[redis]`: what several nodes share and can do without.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    urls::RedisUrl,
    values::{duration, within},
};

/// The longest prefix of keys, in bytes.
const PREFIX_BYTES_MAX: usize = 64;

/// Redis, which several nodes share and can do without.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RedisConfig {
    /// `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://…` with TLS. Unset: no Redis is used.
    /// Passwords are never shown.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<RedisUrl>,
    /// A file with the certificates (PEM) of who may vouch for the server of a `rediss://` address.
    /// Unset: those of the system.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// What the names of all keys begin with. Deployments that share a Redis need one each, and so does
    /// a deployment whose log was restored from a backup (or an empty Redis).
    pub(crate) prefix: String,
    /// How long a request waits for Redis at most. After a few that waited in vain nobody waits, until
    /// Redis answers in time again.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) timeout: Duration,
    /// How long connecting may take, which is done in the background.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) connect_timeout: Duration,
    /// The largest answer that query nodes share, in bytes. 0: none are shared. They are only where the
    /// read model is on Postgres, and `query.cache_bytes` is not 0.
    pub(crate) answer_bytes_max: usize,
    /// How long a shared answer is kept that nobody replaces.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) answer_ttl: Duration,
    /// Whether projectors tell query nodes through Redis what has changed, rather than through Postgres.
    /// All nodes need the same, and the same `redis.prefix`.
    pub(crate) change_feed: bool,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: None,
            ca_file: None,
            prefix: "cinelog".to_owned(),
            timeout: Duration::from_millis(5),
            connect_timeout: Duration::from_secs(2),
            answer_bytes_max: 256 << 10,
            answer_ttl: Duration::from_secs(300),
            change_feed: false,
        }
    }
}

impl RedisConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let length = self.prefix.len();
        if length == 0 || length > PREFIX_BYTES_MAX || !self.prefix.bytes().all(is_plain) {
            wrong.push(format!(
                "redis.prefix: expected 1 to {PREFIX_BYTES_MAX} letters, digits, '-', '_' or '.'"
            ));
        }
        let milliseconds = self.timeout.as_millis();
        within(wrong, "redis.timeout in milliseconds", milliseconds, 1..=1_000);
        let milliseconds = self.connect_timeout.as_millis();
        within(wrong, "redis.connect_timeout in milliseconds", milliseconds, 10..=60_000);
        within(wrong, "redis.answer_bytes_max", self.answer_bytes_max, 0..=8 << 20);
        within(wrong, "redis.answer_ttl in seconds", self.answer_ttl.as_secs(), 1..=86_400);
        if self.change_feed && self.url.is_none() {
            wrong.push("redis.change_feed: needs redis.url".to_owned());
        }
        if self.ca_file.is_some() && !self.url.as_ref().is_some_and(RedisUrl::has_tls) {
            wrong.push("redis.ca_file: is for a redis.url that begins with rediss://".to_owned());
        }
    }
}
