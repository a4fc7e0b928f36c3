//! One provider: where a browser is sent to sign in, and what is believed of what comes back.
//!
//! Knows nothing of accounts: it says what the provider calls somebody, not who that is here.

mod claims;
mod description;
mod error;
mod id_token;
mod settings;

use jiff::Timestamp;
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, SubjectIdentifier, TokenResponse,
    core::{CoreAuthenticationFlow, CoreClient, CoreTokenResponse, CoreUserInfoClaims},
};

pub(super) use self::error::NotBelieved;
pub use self::settings::{ProviderSettings, SecretIn};
use self::{
    claims::Said,
    description::Description,
    error::with_causes,
    id_token::{Doubt, Expected},
};
use super::{
    kept::Kept,
    logins::ProviderUser,
    outbound::Outbound,
    secrets::{nonce_of, verifier_of},
};

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

    /// Where a browser goes to sign in. `browser` is what its cookie holds.
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

    /// Who came back with `code`, in the browser whose cookie holds `browser`. `iss` is the issuer that the answer
    /// names.
    pub(super) async fn user(
        &self,
        outbound: &Outbound,
        code: &str,
        iss: Option<&str>,
        browser: &str,
        now: Timestamp,
    ) -> Result<ProviderUser, NotBelieved> {
        let fetch = async || self.describe(outbound).await;
        let description = self.description.get(now, fetch).await?;
        self.check_issuer(&description, iss)?;
        let client = self.client(&description)?;
        let answer = self.redeem(&client, outbound, code, browser).await?;
        let token = answer.id_token();
        let token = token.ok_or_else(|| NotBelieved::IdToken("there is none".to_owned()))?;
        let nonce = Nonce::new(nonce_of(browser));
        let expected = Expected { client_id: &self.settings.client_id, nonce: &nonce, now };
        let said = match id_token::check(token, &answer, &description, &expected) {
            Err(Doubt::UnknownKey) => {
                // The provider may have begun to use a new one.
                let newer = self.description.newer(&description, now, fetch).await?;
                id_token::check(token, &answer, &newer, &expected)
            }
            other => other,
        };
        let said = said.map_err(|doubt| NotBelieved::IdToken(doubt.to_string()))?;
        let said = self.ask_for_more(said, &client, outbound, &answer).await?;
        said.user(&self.settings.issuer)
            .ok_or_else(|| NotBelieved::IdToken("it names nobody".to_owned()))
    }

    /// Whether an answer that says no is this provider's: that must be known of it, too (RFC 9207 section 2.4).
    pub(super) async fn has_said(
        &self,
        outbound: &Outbound,
        iss: Option<&str>,
        now: Timestamp,
    ) -> Result<(), NotBelieved> {
        let description = self.description.get(now, async || self.describe(outbound).await).await?;
        self.check_issuer(&description, iss)
    }

    async fn describe(&self, outbound: &Outbound) -> Result<Description, String> {
        description::fetch(outbound, &self.settings.issuer).await
    }

    /// Against mix-up (RFC 9207): an answer that another provider gave is refused, before its code is sent anywhere.
    fn check_issuer(
        &self,
        description: &Description,
        iss: Option<&str>,
    ) -> Result<(), NotBelieved> {
        match iss {
            Some(iss) if iss == self.settings.issuer => Ok(()),
            None if !description::announces_iss(description) => Ok(()),
            _ => Err(NotBelieved::Issuer),
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

    /// Exchanges the code for tokens.
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
            // What could not be read may hold tokens: only the place where reading stopped is told.
            RequestTokenError::Parse(error, _) => NotBelieved::Answer(format!("at {}", error.path())),
            RequestTokenError::Other(reason) => NotBelieved::Answer(reason),
        })
    }

    /// Some providers (Okta) leave the e-mail address out of the ID token where an access token comes with it:
    /// the access token is shown to their user info endpoint, if they have one.
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
        let Ok(request) = request else { return Ok(said) };
        let info: Result<CoreUserInfoClaims, _> = request.request_async(outbound).await;
        match info {
            Ok(info) => Ok(Said::in_user_info(&info)),
            Err(error) => Err(NotBelieved::Answer(format!("user info: {}", with_causes(&error)))),
        }
    }
}
