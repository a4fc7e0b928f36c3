//! The beginning of a sign-in: a browser is sent to a provider.

use jiff::Timestamp;

use super::SignIns;
use crate::{
    oidc::{
        logins::PendingLogin,
        return_to::with_parameters,
        secrets::{fingerprint, text_of},
    },
    store::StoreError,
};

/// Random bytes for one sign-in.
#[derive(Clone)]
pub struct LoginSecrets {
    /// For the state, which goes to the provider and comes back.
    pub state: [u8; 32],
    /// For the browser's cookie.
    pub browser: [u8; 32],
}

/// An app that wants its user back after the sign-in.
#[derive(Clone)]
pub struct App {
    /// Where to: one of the configured URLs.
    pub return_to: String,
    /// Its PKCE challenge: only the app can meet it, and so get tokens for the code that is given to it.
    pub challenge: [u8; 32],
    /// What it wants to be told again then, as [`is_app_state`](crate::oidc::is_app_state) allows it.
    pub state: Option<String>,
}

/// A request to sign in.
#[derive(Clone)]
pub struct Begin<'a> {
    /// The provider, by its name in the configuration.
    pub provider: &'a str,
    /// The app that wants its user back, if one does.
    pub app: Option<App>,
    /// Random bytes, used for nothing else.
    pub secrets: LoginSecrets,
    /// The time now.
    pub now: Timestamp,
}

/// A sign-in that has begun: what the browser is told.
#[derive(Clone)]
pub struct Begun {
    /// Where it goes.
    pub url: String,
    /// The state, which comes back with it.
    pub state: String,
    /// What its cookie shall hold.
    pub browser: String,
}

/// Why a sign-in cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// There is no such provider.
    #[error("there is no such provider")]
    UnknownProvider,
    /// The URL that the app wants its user back at is not among the configured ones.
    #[error("return_to is not configured")]
    ReturnTo,
    /// The provider does not answer.
    #[error("the provider does not answer")]
    Unavailable,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignIns {
    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`BeginError`].
    pub async fn begin(&self, begin: Begin<'_>) -> Result<Begun, BeginError> {
        let provider = self.providers.get(begin.provider).ok_or(BeginError::UnknownProvider)?;
        if let Some(app) = &begin.app
            && !provider.settings.return_to.contains(&app.return_to)
        {
            return Err(BeginError::ReturnTo);
        }
        let (state, browser) = (text_of(&begin.secrets.state), text_of(&begin.secrets.browser));
        let outbound = self.outbound.on_behalf_of(&provider.settings.issuer);
        let url = provider.authorization_url(&outbound, &state, &browser, begin.now).await;
        let url = url.map_err(|_| BeginError::Unavailable)?;
        let login = PendingLogin {
            state: fingerprint(&state),
            browser: fingerprint(&browser),
            provider: begin.provider.to_owned(),
            return_to: begin.app.map(|app| {
                let state = app.state.as_deref().map(|state| ("state", state));
                (with_parameters(&app.return_to, state.as_slice()), app.challenge)
            }),
            expires_at: begin.now + Self::LOGIN_TTL,
        };
        self.logins.begin_login(&login, begin.now).await?;
        Ok(Begun { url, state, browser })
    }
}
