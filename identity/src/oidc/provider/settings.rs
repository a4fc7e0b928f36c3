//! How a provider is used, as it is configured.

/// How a provider is used.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Our name for it, as in `/v1/login/{provider}`.
    pub name: String,
    /// Its own name (`iss`), which is also the URL below which it describes itself.
    pub issuer: String,
    /// The id that it has given us.
    pub client_id: String,
    /// The secret that it has given us. `None`: PKCE alone proves that a code is redeemed by us.
    pub client_secret: Option<String>,
    /// Where the secret goes in a request.
    pub secret_in: SecretIn,
    /// The scopes that it is asked for, besides `openid`.
    pub scopes: Vec<String>,
    /// The URL of ours that it sends browsers back to, as it is registered there.
    pub redirect_uri: String,
    /// The URLs of apps that people may be sent back to. Compared exactly.
    pub return_to: Vec<String>,
    /// Whether an existing account may be found by an address that this provider has verified.
    pub link_by_email: bool,
}

/// Where the client secret goes in a request for tokens (OpenID Connect Core 1.0 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretIn {
    /// `Authorization: Basic` (`client_secret_basic`).
    Header,
    /// The form in the body (`client_secret_post`).
    Body,
}

/// Shows no secret.
impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
