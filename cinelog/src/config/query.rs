//! `[query]`: the read side.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Secret, duration, within};

/// The read side.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QueryConfig {
    /// How long a cache may answer without asking again.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) max_age: Duration,
    /// How long after that a cache may answer while it asks again.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) stale_while_revalidate: Duration,
    /// The most memory that answers kept ready for the next who asks may take, in bytes. 0: none are kept.
    pub(crate) cache_bytes: u64,
    /// What signs cursors: 64 hexadecimal digits. Unset: made once and kept in the data folder. All
    /// query nodes behind one address need the same.
    pub(crate) cursor_key: Secret,
    /// The same, kept in this file. Only one of the two can be set.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor_key_file: Option<PathBuf>,
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(5),
            stale_while_revalidate: Duration::from_secs(30),
            cache_bytes: 64 << 20,
            cursor_key: Secret::default(),
            cursor_key_file: None,
        }
    }
}

impl QueryConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        within(wrong, "query.max_age in seconds", self.max_age.as_secs(), 0..=31_536_000);
        let seconds = self.stale_while_revalidate.as_secs();
        within(wrong, "query.stale_while_revalidate in seconds", seconds, 0..=31_536_000);
        within(wrong, "query.cache_bytes", self.cache_bytes, 0..=1 << 40);
        if self.cursor_key.reveal().is_some_and(|key| parse_key(key).is_none()) {
            wrong.push("query.cursor_key: expected 64 hexadecimal digits".to_owned());
        }
        if self.cursor_key.reveal().is_some() && self.cursor_key_file.is_some() {
            wrong.push(
                "query.cursor_key_file: the key is given by query.cursor_key already".to_owned(),
            );
        }
    }

    /// The configured key, where there is one.
    pub(crate) fn cursor_key(&self) -> Option<[u8; 32]> {
        self.cursor_key.reveal().and_then(parse_key)
    }
}

/// Reads 64 hexadecimal digits.
pub(crate) fn parse_key(hex: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(key)
}
