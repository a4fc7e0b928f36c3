//! Signing in: a browser is sent to a provider, and comes back.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    logins::{NewLink, NewSignInCode, PendingLogin, ProviderLogins, Resolved, SignInCode},
    outbound::Outbound,
    provider::{NotBelieved, Provider, ProviderSettings},
    return_to::with_parameters,
    secrets::{fingerprint, session_of, text_of},
};
use crate::{Role, accounts::Account, audit::Origin, store::StoreError};

/// The longest parameter of an answer that is looked at, in bytes. Codes of some providers are JWTs.
const PARAMETER_BYTES_MAX: usize = 4096;

/// All providers.
pub struct SignIns {
    providers: HashMap<String, Provider>,
    logins: Arc<dyn ProviderLogins>,
    outbound: Outbound,
}

/// Random bytes for one sign-in.
#[derive(Clone)]
pub struct LoginSecrets {
    /// For the state.
    pub state: [u8; 32],
    /// For the browser's cookie.
    pub browser: [u8; 32],
}

/// An app that wants to have its user back.
#[derive(Clone)]
pub struct App {
    /// Where: one of the configured addresses.
    pub return_to: String,
    /// The challenge that only it can meet.
    pub challenge: [u8; 32],
    /// What it wants to be told again then, as [`is_app_state`](super::is_app_state) allows it.
    pub state: Option<String>,
}

/// Who wants to sign in.
#[derive(Clone)]
pub struct Begin<'a> {
    /// Where, by its name in the configuration.
    pub provider: &'a str,
    /// The app that wants to have its user back, if one does.
    pub app: Option<App>,
    /// What it takes.
    pub secrets: LoginSecrets,
    /// Now.
    pub now: Timestamp,
}

/// Where the browser goes, and what it takes along.
#[derive(Clone)]
pub struct Begun {
    /// Where it goes.
    pub url: String,
    /// The state, which comes back.
    pub state: String,
    /// What its cookie holds.
    pub browser: String,
}

/// Why nobody is sent anywhere.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// There is no such provider.
    #[error("there is no such provider")]
    UnknownProvider,
    /// Nobody may be sent back there.
    #[error("return_to is not configured")]
    ReturnTo,
    /// The provider does not answer.
    #[error("the provider does not answer")]
    Unavailable,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a browser came back with.
#[derive(Clone)]
pub struct Callback<'a> {
    /// The provider, by its name in the path that it came back to.
    pub provider: &'a str,
    /// The parameters of the answer.
    pub state: &'a str,
    /// As above.
    pub code: Option<&'a str>,
    /// As above.
    pub error: Option<&'a str>,
    /// As above.
    pub iss: Option<&'a str>,
    /// What its cookie holds.
    pub browser: Option<&'a str>,
    /// The id of an account, if one is made.
    pub account: Uuid,
    /// What such an account may do.
    pub role: Role,
    /// The ids of entries in the audit trail.
    pub entries: [Uuid; 2],
    /// Who asks.
    pub origin: &'a Origin,
    /// Now.
    pub now: Timestamp,
}

/// Somebody has signed in.
#[derive(Debug)]
pub struct Finished {
    /// Who.
    pub account: Account,
    /// Where an app wants to have them back, with its state, and the challenge that it can meet.
    pub return_to: Option<(String, [u8; 32])>,
}

/// Why nobody has signed in, and where the app wants to have its user back nevertheless.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct FinishError {
    /// Why.
    pub reason: FinishReason,
    /// Only where the answer belongs to a sign-in of this browser. With the app's state.
    pub return_to: Option<String>,
}

/// Why nobody has signed in.
#[derive(Debug, thiserror::Error)]
pub enum FinishReason {
    /// There is no such provider.
    #[error("there is no such provider")]
    UnknownProvider,
    /// The answer belongs to no sign-in that this browser has begun with this provider and not ended.
    #[error("this sign-in was not begun here, is over, or was begun in another browser")]
    UnknownLogin,
    /// The provider says no.
    #[error("the provider did not sign anybody in")]
    Refused(SaidNo),
    /// What the provider says is not to be believed.
    #[error("the provider's answer is not believed: {0}")]
    NotBelieved(String),
    /// The provider does not answer.
    #[error("the provider does not answer")]
    Unavailable,
    /// An account has the address already, which may not be linked.
    #[error("an account has this address already")]
    EmailTaken,
    /// The account may not be used.
    #[error("the account is disabled")]
    Disabled,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a provider says no (RFC 6749 section 4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidNo {
    /// The person did not want to, or it does not let them in; or it does not want to have been asked so.
    Denied,
    /// Something went wrong there (`server_error`).
    ServerError,
    /// It cannot at the moment (`temporarily_unavailable`).
    TemporarilyUnavailable,
}

impl SaidNo {
    /// What the answer's `error` means.
    fn of(error: Option<&str>) -> Self {
        match error {
            Some("server_error") => Self::ServerError,
            Some("temporarily_unavailable") => Self::TemporarilyUnavailable,
            _ => Self::Denied,
        }
    }
}

impl SignIns {
    /// How long somebody has to sign in at a provider.
    pub const LOGIN_TTL: SignedDuration = SignedDuration::from_mins(10);

    /// How long an app has to get tokens for a code.
    pub const CODE_TTL: SignedDuration = SignedDuration::from_secs(60);

    /// Sign-ins with the providers of `settings`. Nobody is asked before somebody wants to sign in.
    pub fn new(
        settings: Vec<ProviderSettings>,
        logins: Arc<dyn ProviderLogins>,
        outbound: Outbound,
    ) -> Self {
        let provider =
            |settings: ProviderSettings| (settings.name.clone(), Provider::new(settings));
        Self { providers: settings.into_iter().map(provider).collect(), logins, outbound }
    }

    /// Whether there is a provider of this name.
    #[must_use]
    pub fn knows(&self, provider: &str) -> bool {
        self.providers.contains_key(provider)
    }

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

    /// Ends a sign-in. Whatever comes of it, it cannot be ended again; but for whoever is not the browser that
    /// has begun it, who ends nothing.
    ///
    /// # Errors
    /// [`FinishError`].
    pub async fn finish(&self, callback: Callback<'_>) -> Result<Finished, FinishError> {
        let nowhere = |reason| FinishError { reason, return_to: None };
        let provider = self.providers.get(callback.provider);
        let provider = provider.ok_or(nowhere(FinishReason::UnknownProvider))?;
        let login = self.login_of(&callback).await.map_err(nowhere)?;
        let finished = self.finish_login(provider, &callback).await;
        match finished {
            Ok(account) => Ok(Finished { account, return_to: login.return_to }),
            Err(reason) => {
                Err(FinishError { reason, return_to: login.return_to.map(|(url, _)| url) })
            }
        }
    }

    /// The sign-in that the answer belongs to: of this provider, and of this browser.
    async fn login_of(&self, callback: &Callback<'_>) -> Result<PendingLogin, FinishReason> {
        let unknown = || FinishReason::UnknownLogin;
        let parameters = [Some(callback.state), callback.code, callback.iss, callback.browser];
        if parameters.iter().flatten().any(|parameter| parameter.len() > PARAMETER_BYTES_MAX) {
            return Err(unknown());
        }
        let state = fingerprint(callback.state);
        let browser = fingerprint(callback.browser.ok_or_else(unknown)?);
        let login = self.logins.take_login(&state, &browser, callback.provider, callback.now);
        login.await?.ok_or_else(unknown)
    }

    async fn finish_login(
        &self,
        provider: &Provider,
        callback: &Callback<'_>,
    ) -> Result<Account, FinishReason> {
        let (Some(code), None, Some(browser)) = (callback.code, callback.error, callback.browser)
        else {
            return Err(FinishReason::Refused(SaidNo::of(callback.error)));
        };
        let outbound = self.outbound.on_behalf_of(&provider.settings.issuer);
        let user = provider.user(&outbound, code, callback.iss, browser, callback.now).await;
        let user = user.map_err(|reason| match reason {
            NotBelieved::Unavailable => FinishReason::Unavailable,
            other => FinishReason::NotBelieved(other.to_string()),
        })?;
        let link = NewLink {
            account: callback.account,
            role: callback.role,
            by_email: provider.settings.link_by_email,
            entries: callback.entries,
            origin: callback.origin,
            provider: callback.provider,
            now: callback.now,
        };
        let account = match self.logins.resolve(&user, link).await? {
            Resolved::Known(account) | Resolved::Linked(account) | Resolved::Created(account) => {
                account
            }
            Resolved::EmailTaken => return Err(FinishReason::EmailTaken),
        };
        if account.disabled_at.is_some() {
            return Err(FinishReason::Disabled);
        }
        Ok(account)
    }

    /// A code that an app gets tokens for, if it can meet `challenge`.
    ///
    /// # Errors
    /// The store's.
    pub async fn give_code(
        &self,
        account: Uuid,
        provider: &str,
        challenge: [u8; 32],
        secret: &[u8; 32],
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let text = text_of(secret);
        let (hash, expires_at) = (fingerprint(&text), now + Self::CODE_TTL);
        let provider = provider.to_owned();
        let code = NewSignInCode { hash, account, provider, challenge, expires_at };
        self.logins.keep_code(&code, now).await?;
        Ok(text)
    }

    /// Who has signed in and where, for whoever shows the code and meets its challenge. `None`: no such code, it was
    /// shown before, its time is over, the sessions of its account were ended since, or the verifier is another
    /// one. It is gone then in any case.
    ///
    /// # Errors
    /// The store's.
    pub async fn take_code(
        &self,
        code: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<Option<SignInCode>, StoreError> {
        if code.len() > PARAMETER_BYTES_MAX || verifier.len() > PARAMETER_BYTES_MAX {
            return Ok(None);
        }
        let kept = self.logins.take_code(&fingerprint(code), now).await?;
        Ok(kept.filter(|kept| kept.challenge == fingerprint(verifier)))
    }

    /// The session that a code begins: it follows from the code, so that whoever shows it again names the session.
    #[must_use]
    pub fn session_of(code: &str) -> Uuid {
        session_of(code)
    }

    /// Whose session a code has begun that is shown again. `None`: it never began one, or that is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn account_signed_in_by(&self, code: &str) -> Result<Option<Uuid>, StoreError> {
        if code.len() > PARAMETER_BYTES_MAX {
            return Ok(None);
        }
        self.logins.account_of_session(session_of(code)).await
    }
}

impl std::fmt::Debug for SignIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIns").field("providers", &self.providers.keys()).finish_non_exhaustive()
    }
}
