//! The end of a sign-in: a browser comes back from a provider, and it is found out whose account that is.

use jiff::Timestamp;
use uuid::Uuid;

use super::{PARAMETER_BYTES_MAX, SignIns};
use crate::{
    Role,
    accounts::Account,
    audit::Origin,
    oidc::{
        logins::{NewLink, PendingLogin, Resolved},
        provider::{NotBelieved, Provider},
        secrets::fingerprint,
    },
    store::StoreError,
};

/// What a browser came back with, and what an account is made of if it has none yet.
#[derive(Clone)]
pub struct Callback<'a> {
    /// The provider, by its name in the path that the browser came back to.
    pub provider: &'a str,
    /// The answer's parameter `state`.
    pub state: &'a str,
    /// The answer's parameter `code`.
    pub code: Option<&'a str>,
    /// The answer's parameter `error`.
    pub error: Option<&'a str>,
    /// The answer's parameter `iss` (RFC 9207).
    pub iss: Option<&'a str>,
    /// What the browser's cookie holds.
    pub browser: Option<&'a str>,
    /// The id of the account, if one is made.
    pub account: Uuid,
    /// The role of the account, if one is made.
    pub role: Role,
    /// Ids for entries in the audit trail.
    pub entries: [Uuid; 2],
    /// Where the request comes from, for the audit trail.
    pub origin: &'a Origin,
    /// The time now.
    pub now: Timestamp,
}

/// A sign-in that succeeded.
#[derive(Debug)]
pub struct Finished {
    /// Who has signed in.
    pub account: Account,
    /// The URL at which an app wants its user back, with the app's state, and the app's challenge.
    pub return_to: Option<(String, [u8; 32])>,
}

/// Why nobody has signed in, and where the user is sent back to all the same.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct FinishError {
    /// Why.
    pub reason: FinishReason,
    /// The URL of the app, with its state. Only if the answer belongs to a sign-in of this browser.
    pub return_to: Option<String>,
}

/// Why nobody has signed in.
#[derive(Debug, thiserror::Error)]
pub enum FinishReason {
    /// There is no such provider.
    #[error("there is no such provider")]
    UnknownProvider,
    /// The answer belongs to no sign-in that this browser began with this provider and that is not over.
    #[error("this sign-in was not begun here, is over, or was begun in another browser")]
    UnknownLogin,
    /// The provider says no.
    #[error("the provider did not sign anybody in")]
    Refused(SaidNo),
    /// The provider's answer is not believed.
    #[error("the provider's answer is not believed: {0}")]
    NotBelieved(String),
    /// The provider does not answer.
    #[error("the provider does not answer")]
    Unavailable,
    /// There is an account with this address, and it may not be linked.
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
    /// The person declined or may not sign in, or the provider refuses our request as such: all other errors.
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
    /// Ends a sign-in. Whatever comes of it, it cannot be ended again. An answer that comes in another browser
    /// than the one that began the sign-in does not end it.
    ///
    /// # Errors
    /// [`FinishError`].
    pub async fn finish(&self, callback: Callback<'_>) -> Result<Finished, FinishError> {
        let nowhere = |reason| FinishError { reason, return_to: None };
        let provider = self.providers.get(callback.provider);
        let provider = provider.ok_or(nowhere(FinishReason::UnknownProvider))?;
        let login = self.login_of(&callback).await.map_err(nowhere)?;
        match self.account_of(provider, &callback).await {
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

    /// The account of the person who came back, made or linked where that is due.
    async fn account_of(
        &self,
        provider: &Provider,
        callback: &Callback<'_>,
    ) -> Result<Account, FinishReason> {
        let outbound = self.outbound.on_behalf_of(&provider.settings.issuer);
        let why = |reason| match reason {
            NotBelieved::Unavailable => FinishReason::Unavailable,
            other => FinishReason::NotBelieved(other.to_string()),
        };
        let (Some(code), None, Some(browser)) = (callback.code, callback.error, callback.browser)
        else {
            provider.has_said(&outbound, callback.iss, callback.now).await.map_err(why)?;
            return Err(FinishReason::Refused(SaidNo::of(callback.error)));
        };
        let user = provider.user(&outbound, code, callback.iss, browser, callback.now).await;
        let user = user.map_err(why)?;
        let link = NewLink {
            account: callback.account,
            role: callback.role,
            by_email: provider.settings.link_by_email,
            entries: callback.entries,
            origin: callback.origin,
            provider: callback.provider,
            now: callback.now,
        };
        match self.logins.resolve(&user, link).await? {
            Resolved::EmailTaken => Err(FinishReason::EmailTaken),
            Resolved::Known(account) | Resolved::Linked(account) | Resolved::Created(account) => {
                if account.disabled_at.is_some() {
                    return Err(FinishReason::Disabled);
                }
                Ok(account)
            }
        }
    }
}
