//! What is kept of a person, and what an account is made of.

use jiff::Timestamp;
use uuid::Uuid;

use super::EmailAddress;
use crate::Role;

/// An account. What is personal in it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Opaque, and all that the rest of Cinelog knows.
    pub id: Uuid,
    /// The address, as [`EmailAddress::as_str`] has it. `None` where a provider of OpenID Connect told none.
    pub email: Option<String>,
    /// When it was shown that mail to the address reaches this person.
    pub email_verified_at: Option<Timestamp>,
    /// What the person wants to be called.
    pub name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Whether the address is its own. A registration that waits for its verification is not active.
    pub is_active: bool,
    /// Whether there is a password to log in with.
    pub has_password: bool,
    /// Since when it may do nothing.
    pub disabled_at: Option<Timestamp>,
    /// Grows with every change.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// An account that is about to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// Its id.
    pub id: Uuid,
    /// Its address.
    pub email: EmailAddress,
    /// Whether it was shown already that mail reaches its owner.
    pub is_verified: bool,
    /// What its owner wants to be called.
    pub name: Option<String>,
    /// The hash of its password (a PHC string), where it has one.
    pub password: Option<String>,
    /// What it may do.
    pub role: Role,
    /// When it is made.
    pub at: Timestamp,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What is known of an address for a log-in.
#[derive(Clone)]
pub struct Known {
    /// The account.
    pub account: Account,
    /// The hash of its password.
    pub password: Option<String>,
    /// Whether somebody has logged in to it before from the device that was asked about.
    pub is_known_device: bool,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("account", &self.account).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::accounts::{Occasion, Registration};

    #[test]
    fn what_is_secret_or_personal_is_not_shown() {
        let new = NewAccount {
            id: Uuid::nil(),
            email: EmailAddress::parse("ada@films.example").unwrap(),
            is_verified: false,
            name: Some("Ada".to_owned()),
            password: Some("$argon2id$".to_owned()),
            role: Role::Member,
            at: Timestamp::UNIX_EPOCH,
        };
        let registration = Registration {
            email: "ada@films.example".to_owned(),
            password: "argon2id, long and unusual".to_owned(),
            name: Some("Ada".to_owned()),
        };
        let occasion = Occasion {
            now: Timestamp::UNIX_EPOCH,
            id: Uuid::nil(),
            entry: Uuid::nil(),
            random: [171; 32],
            origin: crate::audit::Origin::default(),
        };
        let shown = format!("{new:?} {registration:?} {occasion:?}");
        for secret in ["argon2id", "ada@", "Ada", "171"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
