//! `[command]`: the write side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The write side.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CommandConfig {
    /// Whether every command that changes a film (also its tags and platforms, deleting and
    /// restoring it, but not rating it) must say with `If-Match`, `expected_version` or
    /// `If-Unmodified-Since` what it is meant for; one that does not is answered with 428.
    pub(crate) require_if_match: bool,
}
