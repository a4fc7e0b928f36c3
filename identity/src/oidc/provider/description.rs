//! What a provider says of itself: its endpoints and its keys (OpenID Connect Discovery 1.0 section 3).

use openidconnect::{
    AdditionalProviderMetadata, IssuerUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};

use super::error::with_causes;
use crate::oidc::outbound::{Outbound, is_safe_url};

/// A provider's description, with what RFC 9207 adds to it.
pub(super) type Description = ProviderMetadata<
    Rfc9207,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Whether the provider names itself (`iss`) in the answers that browsers bring back (RFC 9207 section 3).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Rfc9207 {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Rfc9207 {}

/// Asks the provider for its description. The error says why there is none that can be used.
pub(super) async fn fetch(outbound: &Outbound, issuer: &str) -> Result<Description, String> {
    let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|error| error.to_string())?;
    let described = Description::discover_async(issuer, outbound).await;
    let description = described.map_err(|error| with_causes(&error))?;
    if is_safe_url(description.authorization_endpoint().as_str()) {
        Ok(description)
    } else {
        Err("its authorization endpoint is not https".to_owned())
    }
}

/// Whether the provider announces that it names itself (`iss`) in every answer.
pub(super) fn announces_iss(description: &Description) -> bool {
    description.additional_metadata().authorization_response_iss_parameter_supported
}
