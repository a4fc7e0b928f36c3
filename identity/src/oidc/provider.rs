//! One provider: where a browser is sent, and what is believed of what comes back.

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthorizationCode,
    ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadata, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    SubjectIdentifier, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
        CoreClientAuthMethod, CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
        CoreTokenResponse, CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    kept::{Kept, Unavailable},
    logins::ProviderUser,
    outbound::{Outbound, is_safe_url},
    provider_claims::Said,
    secrets::{nonce_of, verifier_of},
};

/// How far the provider's clock may run ahead of this one, in seconds.
const EARLY_SECONDS_MAX: i64 = 60;

/// How an ID token may be signed: with a key that only the provider has. Not with a secret that both have, and
/// not at all.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// How a provider is used.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its name here, as in `/v1/login/{provider}`.
    pub name: String,
    /// Its name elsewhere (`iss`), and the URL below which it describes itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What it knows us by. `None`: it knows us by PKCE alone.
    pub client_secret: Option<String>,
    /// Where it wants to have that.
    pub secret_in: SecretIn,
    /// What it is asked for, besides `openid`.
    pub scopes: Vec<String>,
    /// Our own address that it sends browsers back to, as it is registered there.
    pub redirect_uri: String,
    /// Where apps may want to have their users back. Compared exactly.
    pub return_to: Vec<String>,
    /// Whether it is believed that an address is somebody's, so that accounts are found by it.
    pub link_by_email: bool,
}

/// Where a client's secret goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretIn {
    /// `Authorization: Basic` (`client_secret_basic`).
    Header,
    /// The form (`client_secret_post`).
    Body,
}

/// Why it is not known who came back.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotBelieved {
    #[error("the provider does not answer")]
    Unavailable,
    #[error("the answer is not from this provider (iss)")]
    Issuer,
    #[error("the provider refuses the code ({0})")]
    Code(String),
    #[error("the provider's answer cannot be read: {0}")]
    Answer(String),
    #[error("the ID token is not believed: {0}")]
    IdToken(String),
}

impl From<Unavailable> for NotBelieved {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// What RFC 9207 adds to a provider's description.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Extra {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

type Description = ProviderMetadata<
    Extra,
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

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider, with what it says of itself.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) settings: ProviderSettings,
    description: Kept<Description>,
}

impl Provider {
    pub(super) fn new(settings: ProviderSettings) -> Self {
        Self { settings, description: Kept::default() }
    }

    /// Where a browser goes to sign in.
    pub(super) async fn authorization_url(
        &self,
        outbound: &Outbound,
        state: &str,
        browser: &str,
        now: Timestamp,
    ) -> Result<String, NotBelieved> {
        let description = self.description.get(now, async || self.describe(outbound).await).await?;
        let client = self.client(&description)?;
        let (state, nonce) = (state.to_owned(), nonce_of(browser));
        let verifier = PkceCodeVerifier::new(verifier_of(browser));
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.into())
    }

    /// Who came back with `code`, to the browser that was sent.
    pub(super) async fn user(
        &self,
        outbound: &Outbound,
        code: &str,
        issuer: Option<&str>,
        browser: &str,
        now: Timestamp,
    ) -> Result<ProviderUser, NotBelieved> {
        let fetch = async || self.describe(outbound).await;
        let description = self.description.get(now, fetch).await?;
        self.check_issuer(&description, issuer)?;
        let client = self.client(&description)?;
        let answer = self.redeem(&client, outbound, code, browser).await?;
        let token = answer.id_token();
        let token = token.ok_or_else(|| NotBelieved::IdToken("there is none".to_owned()))?;
        let nonce = Nonce::new(nonce_of(browser));
        let said = match self.check(&description, token, &answer, &nonce, now) {
            Err(Doubt::Key) => {
                // It may be a new one.
                let newer = self.description.newer(&description, now, fetch).await?;
                self.check(&newer, token, &answer, &nonce, now)
            }
            other => other,
        };
        let said = said.map_err(|doubt| NotBelieved::IdToken(doubt.to_string()))?;
        let said = self.ask_for_more(said, &client, outbound, &answer).await?;
        said.user(&self.settings.issuer)
            .ok_or_else(|| NotBelieved::IdToken("it names nobody".to_owned()))
    }

    async fn describe(&self, outbound: &Outbound) -> Result<Description, String> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|e| e.to_string())?;
        let described = Description::discover_async(issuer, outbound).await;
        let description = described.map_err(|error| chain(&error))?;
        if is_safe_url(description.authorization_endpoint().as_str()) {
            Ok(description)
        } else {
            Err("its authorization endpoint is not https".to_owned())
        }
    }

    fn client(&self, description: &Description) -> Result<Client, NotBelieved> {
        let settings = &self.settings;
        let redirect = RedirectUrl::new(settings.redirect_uri.clone());
        let redirect = redirect.map_err(|error| NotBelieved::Answer(error.to_string()))?;
        let auth = match settings.secret_in {
            SecretIn::Header => AuthType::BasicAuth,
            SecretIn::Body => AuthType::RequestBody,
        };
        let client = CoreClient::from_provider_metadata(
            description.clone(),
            ClientId::new(settings.client_id.clone()),
            settings.client_secret.clone().map(ClientSecret::new),
        );
        Ok(client.set_redirect_uri(redirect).set_auth_type(auth))
    }

    /// RFC 9207: an answer that another provider gave (mix-up), before anything is sent anywhere.
    fn check_issuer(
        &self,
        description: &Description,
        said: Option<&str>,
    ) -> Result<(), NotBelieved> {
        let is_told =
            description.additional_metadata().authorization_response_iss_parameter_supported;
        match said {
            Some(said) if said == self.settings.issuer => Ok(()),
            None if !is_told => Ok(()),
            _ => Err(NotBelieved::Issuer),
        }
    }

    async fn redeem(
        &self,
        client: &Client,
        outbound: &Outbound,
        code: &str,
        browser: &str,
    ) -> Result<CoreTokenResponse, NotBelieved> {
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| NotBelieved::Answer(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier_of(browser)));
        request.request_async(outbound).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => NotBelieved::Code(said.error().to_string()),
            RequestTokenError::Request(error) => {
                tracing::warn!(provider = self.settings.name, %error, "an OpenID provider does not answer");
                NotBelieved::Unavailable
            }
            // What could not be read may hold tokens: only where it stopped is told.
            RequestTokenError::Parse(error, _) => NotBelieved::Answer(format!("at {}", error.path())),
            RequestTokenError::Other(reason) => NotBelieved::Answer(reason),
        })
    }

    /// OpenID Connect Core 1.0 section 3.1.3.7.
    fn check(
        &self,
        description: &Description,
        token: &CoreIdToken,
        answer: &CoreTokenResponse,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<Said, Doubt> {
        let verifier = self.verifier(description, now)?;
        let claims = token.claims(&verifier, nonce).map_err(Doubt::of)?;
        self.check_party(claims)?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|_| Doubt::Hash)?;
            let key = token.signing_key(&verifier).map_err(|_| Doubt::Hash)?;
            let hash = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if hash.map_err(|_| Doubt::Hash)? != *expected {
                return Err(Doubt::Hash);
            }
        }
        Ok(Said::in_id_token(claims))
    }

    /// It knows no secret of ours: there is nothing that a token could be signed with but the provider's key.
    fn verifier(
        &self,
        description: &Description,
        now: Timestamp,
    ) -> Result<CoreIdTokenVerifier<'static>, Doubt> {
        let now = DateTime::<Utc>::from_timestamp(now.as_second(), 0).ok_or(Doubt::Time)?;
        let latest = now + chrono::TimeDelta::seconds(EARLY_SECONDS_MAX);
        let verifier = CoreIdTokenVerifier::new_public_client(
            ClientId::new(self.settings.client_id.clone()),
            description.issuer().clone(),
            description.jwks().clone(),
        );
        Ok(verifier
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || now)
            .set_issue_time_verifier_fn(move |issued| {
                if issued <= latest { Ok(()) } else { Err("it comes from the future".to_owned()) }
            }))
    }

    /// Which the library leaves to others: whom it was issued to, where that is said.
    fn check_party(&self, claims: &CoreIdTokenClaims) -> Result<(), Doubt> {
        match claims.authorized_party() {
            Some(party) if **party != self.settings.client_id => Err(Doubt::Party),
            _ => Ok(()),
        }
    }

    /// Some providers (Okta) put no e-mail into the ID token where an access token comes with it: that gets it.
    async fn ask_for_more(
        &self,
        said: Said,
        client: &Client,
        outbound: &Outbound,
        answer: &CoreTokenResponse,
    ) -> Result<Said, NotBelieved> {
        let wants_email = self.settings.scopes.iter().any(|scope| scope == "email");
        if said.has_email || !wants_email {
            return Ok(said);
        }
        let subject = SubjectIdentifier::new(said.subject.clone());
        let request = client.user_info(answer.access_token().clone(), Some(subject));
        // It has no such endpoint.
        let Ok(request) = request else { return Ok(said) };
        let info: Result<CoreUserInfoClaims, _> = request.request_async(outbound).await;
        match info {
            Ok(info) => Ok(Said::in_user_info(&info)),
            Err(error) => Err(NotBelieved::Answer(format!("user info: {}", chain(&error)))),
        }
    }
}

/// Why an ID token is not believed.
#[derive(Debug, thiserror::Error)]
enum Doubt {
    #[error("its key is not known")]
    Key,
    #[error("it was issued to another client (azp)")]
    Party,
    #[error("the access token is not the one that came with it (at_hash)")]
    Hash,
    #[error("there is no such time")]
    Time,
    #[error("{0}")]
    Other(&'static str),
}

impl Doubt {
    /// What the library says may repeat the token: only the kind is kept.
    fn of(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as E;
        Self::Other(match error {
            E::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                return Self::Key;
            }
            E::SignatureVerification(_) => "its signature is wrong",
            E::Expired(_) => "its time is over, or has not come",
            E::InvalidAudience(_) => "it is meant for another client (aud)",
            E::InvalidIssuer(_) => "it comes from another issuer (iss)",
            E::InvalidNonce(_) => "it belongs to another sign-in (nonce)",
            _ => "it is not as it should be",
        })
    }
}

/// An error with its causes. None of them repeats a secret: they tell of connections and forms.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
