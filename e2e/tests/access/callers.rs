//! Everybody there is: nobody, somebody with a token that is none, each role, tokens and keys that are
//! good for less than their account may do.

use crate::table::Row;

/// The roles, the least powerful first.
pub(crate) const ROLES: [&str; 4] = ["viewer", "member", "editor", "admin"];

/// The scopes that keys can have. `account` is not among them: a key makes no keys.
pub(crate) const KEY_SCOPES: [&str; 4] =
    ["catalogue:write", "ratings", "accounts:admin", "audit:read"];

/// All scopes.
pub(crate) const SCOPES: [&str; 5] =
    ["catalogue:write", "ratings", "account", "accounts:admin", "audit:read"];

/// Somebody who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Without `Authorization`.
    Nobody,
    /// With a token that is none.
    Forger,
    /// With a token that is good for all that the role may do.
    Role(&'static str),
    /// An admin, with a token that is good for this scope only.
    Narrow(&'static str),
    /// An admin's API key with this scope.
    Key(&'static str),
}

impl Who {
    /// Everybody.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Nobody, Self::Forger];
        all.extend(ROLES.map(Self::Role));
        all.extend(SCOPES.map(Self::Narrow));
        all.extend(KEY_SCOPES.map(Self::Key));
        all
    }

    /// How they are refused, where the row does not let them in.
    pub(crate) fn refusal(self, row: &Row) -> Option<u16> {
        let (role, scope) = row.needs.as_ref()?;
        let rank = |name: &str| ROLES.iter().position(|role| *role == name).unwrap();
        let comes_in = match self {
            Self::Nobody | Self::Forger => return Some(401),
            Self::Role(own) => rank(own) >= rank(role),
            Self::Narrow(own) | Self::Key(own) => own == scope,
        };
        (!comes_in).then_some(403)
    }
}
