//! `[command]`: the write side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The write side.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CommandConfig {
    /// Whether an edit of a film must say with `If-Match` which revision it is meant for; one that
    /// does not is answered with 428.
    pub(crate) require_if_match: bool,
}
