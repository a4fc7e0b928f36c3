//! Setting another password: with the present one, or with a token from a mail.

use uuid::Uuid;

use super::{LoggedIn, Occasion, Registrar, personal};
use crate::{
    accounts::{Account, Purpose, secret::Secret},
    audit::Kind,
    lockout::{Blocked, Counted},
    mail::Letter,
    passwords::{Busy, Unfit},
    store::StoreError,
};

/// Why a password is not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// The present password is another.
    #[error("is not the present password")]
    Wrong,
    /// There is none: the account was made by a provider.
    #[error(
        "cannot be right: this account has no password. `POST /v1/account/password-reset-mail` sends its address \
         a token that sets one"
    )]
    NoPassword,
    /// The new one is not taken.
    #[error(transparent)]
    Password(#[from] Unfit),
    /// There is no such account.
    #[error("there is no such account")]
    Missing,
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

/// Why a password is not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetRefused {
    /// The token is none, was used, or is over.
    #[error("is not a token that can be used: it was used, has expired, or never was one")]
    Token,
    /// The new password is not taken. The token is still good.
    #[error(transparent)]
    Password(#[from] Unfit),
    /// Too many passwords wait.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registrar {
    /// Sets a new password with a token from a mail. Ends all sessions.
    ///
    /// # Errors
    /// [`ResetRefused`].
    pub async fn reset_password(
        &self,
        token: &str,
        password: String,
        occasion: &Occasion,
    ) -> Result<LoggedIn, ResetRefused> {
        let token = Secret::read(token).ok_or(ResetRefused::Token)?.hash();
        let purpose = Purpose::PasswordReset;
        let owner = self.accounts.token_owner(token, purpose, occasion.now).await?;
        let owner = owner.ok_or(ResetRefused::Token)?;
        let place = self.hasher.place()?;
        let personal = personal(owner.email.as_deref(), owner.name.as_deref());
        let password = place.judge(password, personal).await??;
        let password = place.hash(password, occasion.secret("salt").bytes()).await?;
        let (device, entry) = (occasion.secret("device"), occasion.entry(Kind::PasswordReset));
        let account = self
            .accounts
            .reset_password(token, &password, device.hash(), occasion.now, &entry)
            .await?
            .ok_or(ResetRefused::Token)?;
        self.tell_of_change(&account, occasion);
        Ok(LoggedIn { account, device_token: device.write() })
    }

    /// Changes the password of somebody who is logged in. Ends all sessions but `session`.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub async fn change_password(
        &self,
        id: Uuid,
        current: &str,
        new: String,
        session: Option<Uuid>,
        occasion: &Occasion,
    ) -> Result<(), NotChanged> {
        let place = self.hasher.place()?;
        let account = self.accounts.account(id).await?.ok_or(NotChanged::Missing)?;
        if !account.has_password {
            return Err(NotChanged::NoPassword);
        }
        // Whoever holds a stolen access token does not find out the password with it.
        let counted = Counted { name: own_name_hash(id), device: None };
        self.attempts.count_try(&counted, occasion.now).await??;
        let before = self.accounts.password(id).await?;
        if !place.compare(current, before.as_deref()).await?.is_right {
            return Err(NotChanged::Wrong);
        }
        self.attempts.forget_tries(&counted).await?;
        let personal = personal(account.email.as_deref(), account.name.as_deref());
        let password = place.judge(new, personal).await??;
        let password = place.hash(password, occasion.secret("salt").bytes()).await?;
        let entry = occasion.entry(Kind::PasswordChanged).about(id).by(id);
        let now = occasion.now;
        match self
            .accounts
            .set_password(id, before.as_deref(), &password, session, now, &entry)
            .await?
        {
            true => {
                self.tell_of_change(&account, occasion);
                Ok(())
            }
            // Somebody else was faster: what was shown is not the present password any more.
            false => Err(NotChanged::Wrong),
        }
    }

    fn tell_of_change(&self, account: &Account, occasion: &Occasion) {
        if let Some(email) = &account.email {
            self.send(email, Letter::PasswordChanged, occasion);
        }
    }
}

/// What tries to change a password are counted under: no address has this hash.
fn own_name_hash(id: Uuid) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update("cinelog account\0");
    hash.update(id.as_bytes());
    hash.finalize().into()
}
