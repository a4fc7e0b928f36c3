//! Registering, and showing that an address is one's own.

use super::{LoggedIn, Occasion, Registrar, personal};
use crate::{
    Role,
    accounts::{Account, EmailAddress, NewAccount, NotAnAddress, secret::Secret},
    audit::Kind,
    mail::Letter,
    passwords::{Busy, Unfit},
    store::StoreError,
};

/// How long a name may be, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A text that is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must have 1 to {NAME_CHARS_MAX} characters, none of them a control or one that turns what follows"
)]
pub struct NotAName;

/// Somebody registers.
#[derive(Clone)]
pub struct Registration {
    /// With this address.
    pub email: String,
    /// With this password.
    pub password: String,
    /// What they want to be called.
    pub name: Option<String>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").finish_non_exhaustive()
    }
}

/// What becomes of it.
#[derive(Debug, Clone)]
pub enum Registered {
    /// A mail says how it goes on.
    Asked,
    /// There is an account.
    Made(Account),
}

/// Why somebody is not registered.
#[derive(Debug, thiserror::Error)]
pub enum NotRegistered {
    /// It is no address.
    #[error(transparent)]
    Email(#[from] NotAnAddress),
    /// It is no name.
    #[error(transparent)]
    Name(#[from] NotAName),
    /// The password is not taken.
    #[error(transparent)]
    Password(#[from] Unfit),
    /// Somebody has the address. Only said where addresses need not be verified.
    #[error("the address has an account already")]
    Taken,
    /// Too many passwords wait.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registrar {
    /// Registers somebody. Where addresses must be verified, the answer is the same whether one is known or not,
    /// and takes as long: a mail goes to it in either case.
    ///
    /// # Errors
    /// [`NotRegistered`]; [`NotRegistered::Taken`] only where addresses need not be verified.
    pub async fn register(
        &self,
        registration: Registration,
        occasion: &Occasion,
    ) -> Result<Registered, NotRegistered> {
        let Registration { email, password, name } = registration;
        let email = EmailAddress::parse(&email)?;
        let name = name.map(|name| check_name(&name).ok_or(NotAName)).transpose()?;
        let place = self.hasher.place()?;
        let personal = personal(Some(email.as_str()), name.as_deref());
        let password = place.judge(password, personal).await??;
        let password = place.hash(password, occasion.secret("salt").bytes()).await?;
        let account = NewAccount {
            id: occasion.id,
            email: email.clone(),
            is_verified: false,
            name,
            password: Some(password),
            role: Role::Member,
            at: occasion.now,
        };
        if !self.options.is_verification_required {
            let entry = occasion.entry(Kind::Registered).about(account.id).by(account.id);
            if !self.accounts.create(&account, &entry).await? {
                return Err(NotRegistered::Taken);
            }
            let made = self.accounts.account(account.id).await?;
            return made.map(Registered::Made).ok_or(NotRegistered::Taken);
        }
        // Nobody's waiting registration or token makes room for one that nobody is told of.
        if !self.may_be_sent(&email) {
            return Ok(Registered::Asked);
        }
        let (token, reset) = (occasion.secret("verification"), occasion.secret("reset"));
        let owner = self
            .accounts
            .register(&account, &self.verification(&token, occasion), &self.reset(&reset, occasion))
            .await?;
        match owner {
            None => {
                let good_for = self.options.verification_ttl;
                let letter = Letter::Verification { token: token.write(), good_for };
                self.send(email.as_str(), letter, occasion);
            }
            Some(owner) if owner.disabled_at.is_none() => {
                let good_for = self.options.password_reset_ttl;
                let letter = Letter::AlreadyRegistered { token: reset.write(), good_for };
                // To the address as its owner wrote it: as a stranger spells it, it may be a stranger's.
                self.send(owner.email.as_deref().unwrap_or_default(), letter, occasion);
            }
            Some(_) => {}
        }
        Ok(Registered::Asked)
    }

    /// Uses a token that shows that an address is somebody's own. `None` where it cannot be used.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub async fn verify(
        &self,
        token: &str,
        occasion: &Occasion,
    ) -> Result<Option<LoggedIn>, StoreError> {
        let Some(token) = Secret::read(token) else { return Ok(None) };
        let (device, entry) = (occasion.secret("device"), occasion.entry(Kind::Verified));
        let account =
            self.accounts.verify(token.hash(), device.hash(), occasion.now, &entry).await?;
        Ok(account.map(|account| LoggedIn { account, device_token: device.write() }))
    }
}

/// A name that somebody may have, or give to something; surrounding spaces are left out. `None`: [`NotAName`].
#[must_use]
pub fn check_name(name: &str) -> Option<String> {
    let name = name.trim();
    let has_right_length = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    let is_right = has_right_length && !name.chars().any(|c| c.is_control() || lays_out(c));
    is_right.then(|| name.to_owned())
}

/// Whether a character says how what stands behind it is laid out: it ends a line or a paragraph, or turns the
/// direction of what follows (Unicode Standard Annex 9), beyond the name. Marks that names are written with, such
/// as U+200D and U+200F, do not.
fn lays_out(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_in_any_script() {
        for name in ["Ada", "Ада", "أدا\u{200f}", "می\u{200c}خواهم", "👩\u{200d}💻", "ア"]
        {
            assert_eq!(check_name(&format!(" {name} ")).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_name_changes_nothing_but_itself() {
        for c in ['\0', '\n', '\u{85}', '\u{2028}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}']
        {
            assert_eq!(check_name(&format!("x{c}y")), None, "{c:?}");
        }
        assert_eq!(check_name(" "), None);
        assert_eq!(check_name(&"x".repeat(NAME_CHARS_MAX + 1)), None);
    }
}
