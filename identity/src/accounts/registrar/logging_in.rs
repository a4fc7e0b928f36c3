//! Logging in with a password.

use uuid::Uuid;

use super::{Occasion, Registrar};
use crate::{
    accounts::{Account, EmailAddress, Known, secret::Secret},
    lockout::{Blocked, Counted},
    passwords::{Busy, Place},
    store::StoreError,
};

/// Somebody logs in.
#[derive(Clone, Copy)]
pub struct LogIn<'a> {
    /// With this address.
    pub email: &'a str,
    /// With this password.
    pub password: &'a str,
    /// From a device that was given this at an earlier log-in.
    pub device: Option<&'a str>,
}

/// Somebody who has shown who they are.
#[derive(Clone)]
pub struct LoggedIn {
    /// Whose account it is.
    pub account: Account,
    /// What to show at the next log-in from this device: failed tries of strangers do not count for it.
    pub device_token: String,
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoggedIn").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Why somebody is not logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginRefused {
    /// Name or password are wrong, or the account is disabled or not verified: which, is not said.
    #[error("the e-mail address or the password is wrong")]
    Wrong {
        /// Whose account it would have been, for the audit trail.
        account: Option<Uuid>,
    },
    /// Too many tries have failed.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// Too many passwords wait.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registrar {
    /// Finds out whether somebody may log in. An unknown address and a wrong password take as long, and are
    /// told alike.
    ///
    /// # Errors
    /// [`LoginRefused`].
    pub async fn check_password(
        &self,
        log_in: LogIn<'_>,
        occasion: &Occasion,
    ) -> Result<LoggedIn, LoginRefused> {
        let place = self.hasher.place()?;
        // What is no address is nobody's.
        let Ok(email) = EmailAddress::parse(log_in.email) else {
            place.compare(log_in.password, None).await?;
            return Err(LoginRefused::Wrong { account: None });
        };
        let shown = log_in.device.and_then(Secret::read);
        let known = self.accounts.known(&email, shown.as_ref().map(Secret::hash)).await?;
        let device = shown.filter(|_| known.as_ref().is_some_and(|known| known.is_known_device));
        let counted =
            Counted { name: email.name_hash(), device: device.as_ref().map(Secret::hash) };
        self.attempts.count_try(&counted, occasion.now).await??;
        let stored = known.as_ref().and_then(|known| known.password.as_deref());
        let compared = place.compare(log_in.password, stored).await?;
        let Some(Known { account, .. }) = known.as_ref().filter(|_| compared.is_right) else {
            return Err(LoginRefused::Wrong { account: known.map(|known| known.account.id) });
        };
        if !self.may_log_in(account) {
            if account.disabled_at.is_none() {
                self.ask_for_verification(email, occasion);
            }
            return Err(LoginRefused::Wrong { account: Some(account.id) });
        }
        self.attempts.forget_tries(&counted).await?;
        if compared.is_outdated
            && let Some(before) = stored
        {
            self.rehash(account.id, before, log_in.password, place, occasion).await?;
        }
        let device = device.unwrap_or_else(|| occasion.secret("device"));
        self.accounts.remember_device(account.id, device.hash(), occasion.now).await?;
        Ok(LoggedIn { account: account.clone(), device_token: device.write() })
    }

    async fn rehash(
        &self,
        id: Uuid,
        before: &str,
        password: &str,
        place: Place,
        occasion: &Occasion,
    ) -> Result<(), LoginRefused> {
        let password = place.rehash(password, occasion.secret("salt").bytes()).await?;
        Ok(self.accounts.rehash(id, before, &password).await?)
    }
}
