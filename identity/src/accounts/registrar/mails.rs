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
            if registrar.may_be_sent(&email)
                && let Some(known) = registrar.accounts.known(&email, None).await?
                && known.account.email_verified_at.is_none()
            {
                registrar.send_verification(&known.account, &occasion).await?;
            }
            Ok(())
        });
    }

    /// Somebody has forgotten their password. As [`ask_for_verification`](Self::ask_for_verification).
    pub fn ask_for_password_reset(&self, email: EmailAddress, occasion: &Occasion) {
        let (registrar, occasion) = (self.clone(), occasion.clone());
        self.later(async move {
            if !registrar.may_be_sent(&email) {
                return Ok(());
            }
            let Some(Known { account, .. }) = registrar.accounts.known(&email, None).await? else {
                return Ok(());
            };
            if account.disabled_at.is_some() {
                return Ok(());
            }
            if !account.is_active {
                return registrar.send_verification(&account, &occasion).await;
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

    /// Whether an address may be sent one more mail; it is counted, also where nobody has the address. Were only
    /// mails counted that leave, whoever has asked for so many could tell from a registration whether they did: one
    /// that nobody may be sent anything of is answered sooner.
    pub(super) fn may_be_sent(&self, email: &EmailAddress) -> bool {
        self.post.reserve(email.key())
    }

    async fn send_verification(
        &self,
        account: &Account,
        occasion: &Occasion,
    ) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::{
        Role,
        accounts::{Accounts, NewAccount, RegistrarOptions},
        audit::{Entry, Kind, Origin},
        mail::{Delivery, post},
        passwords::Hasher,
        store::{SqliteIdentity, SqliteIdentityOptions},
    };

    fn occasion() -> Occasion {
        Occasion {
            now: Timestamp::UNIX_EPOCH,
            id: Uuid::from_u128(8),
            entry: Uuid::from_u128(9),
            random: [7; 32],
            origin: Origin::new(None, ""),
        }
    }

    /// How often an address may still be sent something, once all that was asked for is done.
    async fn left(registrar: &Registrar, email: &EmailAddress) -> usize {
        let all = u32::try_from(REQUESTS_MAX).unwrap();
        let _done = registrar.requests.acquire_many(all).await.unwrap();
        std::iter::repeat_with(|| registrar.may_be_sent(email)).take_while(|may| *may).count()
    }

    #[tokio::test]
    async fn whoever_asks_takes_as_much_from_an_address_that_nobody_has_as_from_any_other() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteIdentityOptions::at(folder.path().join("identity.db"));
        let store = Arc::new(SqliteIdentity::open(options).await.unwrap());
        let options = RegistrarOptions {
            is_verification_required: true,
            verification_ttl: std::time::Duration::from_secs(60),
            password_reset_ttl: std::time::Duration::from_secs(60),
        };
        let hasher = Hasher::start(NonZeroUsize::MIN).unwrap();
        let ask: [fn(&Registrar, EmailAddress, &Occasion); 2] =
            [Registrar::ask_for_verification, Registrar::ask_for_password_reset];
        let addresses = ["verified", "unverified", "disabled", "nobody"]
            .map(|name| EmailAddress::parse(&format!("{name}@films.example")).unwrap());
        for (number, email) in (1..).zip(&addresses[..3]) {
            let new = NewAccount {
                id: Uuid::from_u128(number),
                email: email.clone(),
                is_verified: number == 1,
                name: None,
                password: None,
                role: Role::Member,
                at: Timestamp::UNIX_EPOCH,
            };
            let entry = Entry::new(new.id, new.at, Kind::Registered);
            assert!(Accounts::create(&*store, &new, &entry).await.unwrap());
        }
        let disabled = crate::accounts::Changes { disabled: Some(true), ..Default::default() };
        let entry = |id| Entry::new(Uuid::from_u128(id), Timestamp::UNIX_EPOCH, Kind::Disabled);
        let entries = crate::accounts::Administered {
            by: None,
            role_changed: entry(20),
            disabled: entry(21),
            enabled: entry(22),
        };
        let third = Uuid::from_u128(3);
        store.change(third, None, &disabled, Timestamp::UNIX_EPOCH, &entries).await.unwrap();
        for ask in ask {
            let (post, _postman) = post(Delivery::Log);
            let (accounts, attempts) = (store.clone(), store.clone());
            let registrar = Registrar::new(accounts, attempts, hasher.clone(), post, options);
            for email in &addresses {
                ask(&registrar, email.clone(), &occasion());
                ask(&registrar, email.clone(), &occasion());
                assert_eq!(left(&registrar, email).await, 3, "{}", email.as_str());
            }
        }
    }
}
