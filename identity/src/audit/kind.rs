//! What can be written in the trail.

use std::{fmt, str::FromStr};

/// What was done, or was to be done. The names are part of the API and are stored: none is ever given
/// another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody signed in, by password or through a provider.
    SignIn,
    /// Somebody could not sign in.
    SignInRefused,
    /// Somebody ended their session, or all of them.
    SignOut,
    /// An account was made.
    Registered,
    /// Somebody showed that the address is theirs.
    Verified,
    /// Somebody changed their password.
    PasswordChanged,
    /// Somebody set a new password by mail.
    PasswordReset,
    /// An account has another role.
    RoleChanged,
    /// An account may not be used for the time being.
    Disabled,
    /// An account may be used again.
    Enabled,
    /// A key for a machine was made.
    KeyCreated,
    /// A key for a machine is not good any more.
    KeyRevoked,
    /// One session of several was ended.
    SessionRevoked,
    /// A refresh token was used a second time: the session was ended.
    RefreshReused,
    /// An account can be reached through a provider.
    ProviderLinked,
    /// An account was erased.
    Erased,
    /// A request was refused: 401 or 403, or 429 where it was a command.
    Refused,
    /// Somebody read this trail.
    AuditRead,
    /// An admin read accounts: names and e-mail addresses.
    AccountsRead,
}

/// A text that names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of entry")]
pub struct UnknownKind;

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::SignIn,
        Self::SignInRefused,
        Self::SignOut,
        Self::Registered,
        Self::Verified,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::RoleChanged,
        Self::Disabled,
        Self::Enabled,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::SessionRevoked,
        Self::RefreshReused,
        Self::ProviderLinked,
        Self::Erased,
        Self::Refused,
        Self::AuditRead,
        Self::AccountsRead,
    ];

    /// The name, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SignOut => "sign_out",
            Self::Registered => "registered",
            Self::Verified => "verified",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::RoleChanged => "role_changed",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::KeyCreated => "key_created",
            Self::KeyRevoked => "key_revoked",
            Self::SessionRevoked => "session_revoked",
            Self::RefreshReused => "refresh_reused",
            Self::ProviderLinked => "provider_linked",
            Self::Erased => "erased",
            Self::Refused => "refused",
            Self::AuditRead => "audit_read",
            Self::AccountsRead => "accounts_read",
        }
    }

    /// How what bears this name usually ends.
    pub(super) fn usual_outcome(self) -> Outcome {
        match self {
            Self::SignInRefused | Self::RefreshReused | Self::Refused => Outcome::Refused,
            _ => Outcome::Done,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(UnknownKind)
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused, and nothing has changed but what refusing it takes.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 2] = [Self::Done, Self::Refused];

    /// The name, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

impl FromStr for Outcome {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name_and_no_two_share_one() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("Sign_in".parse::<Kind>(), Err(UnknownKind));
    }

    #[test]
    fn every_outcome_is_read_back_from_its_name() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
        }
    }
}
