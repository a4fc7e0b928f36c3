//! `[identity]`: whose tokens are believed.

use std::path::PathBuf;

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
    /// The file of the Ed25519 key that signs access tokens (PKCS#8 PEM), open to its owner alone. Unset:
    /// `signing-key.pem` in the data folder, made at the first start. All nodes behind one address need
    /// the same, and so does `cinelog token`.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signing_key_file: Option<PathBuf>,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            issuer: "cinelog".to_owned(),
            audience: "cinelog".to_owned(),
            signing_key_file: None,
        }
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
