//! Mails that somebody asks for by an address, and what they carry.

use std::sync::Arc;

use super::{Occasion, Registrar};
use crate::{
    accounts::{Account, EmailAddress, Known, NewToken, Purpose, secret::Secret},
    mail::{Letter, Mail},
    store::StoreError,
};

/// Requests for mails that are worked on at once; further ones are dropped.
pub(super) const REQUESTS_MAX: usize = 64;

impl Registrar {
    /// Somebody wants the mail again that shows that an address is theirs. What becomes of it is not said, and
    /// nobody waits for it. Must be called within a tokio runtime.
    pub fn ask_for_verification(&self, email: EmailAddress, occasion: &Occasion) {
        let (registrar, occasion) = (self.clone(), occasion.clone());
        self.later(async move {
            if let Some(known) = registrar.accounts.known(&email, None).await?
                && known.account.email_verified_at.is_none()
            {
                registrar.send_verification(&known.account, &email, &occasion).await?;
            }
            Ok(())
        });
    }

    /// Somebody has forgotten their password. As [`ask_for_verification`](Self::ask_for_verification).
    pub fn ask_for_password_reset(&self, email: EmailAddress, occasion: &Occasion) {
        let (registrar, occasion) = (self.clone(), occasion.clone());
        self.later(async move {
            let Some(Known { account, .. }) = registrar.accounts.known(&email, None).await? else {
                return Ok(());
            };
            if account.disabled_at.is_some() {
                return Ok(());
            }
            if !account.is_active {
                return registrar.send_verification(&account, &email, &occasion).await;
            }
            if !registrar.post.reserve(email.key()) {
                return Ok(());
            }
            let token = occasion.secret("reset");
            let new = registrar.reset(&token, &occasion);
            registrar.accounts.add_token(account.id, &new).await?;
            let letter = Letter::PasswordReset {
                token: token.write(),
                good_for: registrar.options.password_reset_ttl,
            };
            // To the address as its owner wrote it, not as whoever asked did.
            registrar.send(account.email.as_deref().unwrap_or_default(), letter, &occasion);
            Ok(())
        });
    }

    async fn send_verification(
        &self,
        account: &Account,
        email: &EmailAddress,
        occasion: &Occasion,
    ) -> Result<(), StoreError> {
        if !self.post.reserve(email.key()) {
            return Ok(());
        }
        let token = occasion.secret("verification");
        self.accounts.add_token(account.id, &self.verification(&token, occasion)).await?;
        let letter =
            Letter::Verification { token: token.write(), good_for: self.options.verification_ttl };
        self.send(account.email.as_deref().unwrap_or_default(), letter, occasion);
        Ok(())
    }

    /// Does what is asked by an address after it was answered.
    fn later(&self, work: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        let Ok(place) = Arc::clone(&self.requests).try_acquire_owned() else {
            tracing::warn!("a request for a mail was dropped: too many are worked on");
            return;
        };
        tokio::spawn(async move {
            if let Err(error) = work.await {
                tracing::warn!(%error, "a mail that was asked for is not sent");
            }
            drop(place);
        });
    }

    pub(super) fn send(&self, to: &str, letter: Letter, occasion: &Occasion) {
        self.post.send(Mail { id: occasion.entry, to: to.to_owned(), letter, at: occasion.now });
    }

    pub(super) fn verification(&self, token: &Secret, occasion: &Occasion) -> NewToken {
        let expires_at = occasion.after(self.options.verification_ttl);
        NewToken { hash: token.hash(), purpose: Purpose::Verification, expires_at }
    }

    pub(super) fn reset(&self, token: &Secret, occasion: &Occasion) -> NewToken {
        let expires_at = occasion.after(self.options.password_reset_ttl);
        NewToken { hash: token.hash(), purpose: Purpose::PasswordReset, expires_at }
    }
}
