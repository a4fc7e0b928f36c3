//! `[identity]`: whose tokens are believed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose tokens are believed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdentityConfig {
    /// The `iss` of access tokens.
    pub(crate) issuer: String,
    /// The `aud` of access tokens.
    pub(crate) audience: String,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self { issuer: "cinelog".to_owned(), audience: "cinelog".to_owned() }
    }
}

impl IdentityConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        for (key, value) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if value.trim().is_empty() {
                wrong.push(format!("identity.{key}: expected a text that is not empty"));
            }
        }
    }
}
