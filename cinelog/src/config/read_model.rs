//! `[read_model]`: where the projector writes and the queries read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{StoreUrl, within};

/// The read model.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReadModelConfig {
    /// Which store, and where: `sqlite:PATH`, relative to the data folder. It can be deleted while
    /// Cinelog is stopped: the log makes it again.
    pub(crate) url: StoreUrl,
    /// Connections that read at the same time.
    pub(crate) readers: u32,
}

impl Default for ReadModelConfig {
    fn default() -> Self {
        Self { url: StoreUrl::Sqlite("read-model.db".into()), readers: 4 }
    }
}

impl ReadModelConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        within(wrong, "read_model.readers", self.readers, 1..=64);
    }
}
