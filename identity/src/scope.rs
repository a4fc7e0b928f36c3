//! Scopes: the parts of what a role may do that a credential is good for.

use std::{fmt, str::FromStr};

use crate::Role;

/// A part of what can be done. What a caller may do is what both the role and the scopes allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Changes the catalogue: films, genres, bulk jobs.
    CatalogueWrite,
    /// Rates films as oneself, and reads one's own ratings.
    Ratings,
    /// Reads and changes one's own account: password, sessions, API keys.
    Account,
    /// Reads and changes the accounts of others.
    AccountsAdmin,
    /// Reads the audit trail.
    AuditRead,
}

/// A text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of catalogue:write, ratings, account, accounts:admin, audit:read")]
pub struct UnknownScope;

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] =
        [Self::CatalogueWrite, Self::Ratings, Self::Account, Self::AccountsAdmin, Self::AuditRead];

    /// The name, as it stands in tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CatalogueWrite => "catalogue:write",
            Self::Ratings => "ratings",
            Self::Account => "account",
            Self::AccountsAdmin => "accounts:admin",
            Self::AuditRead => "audit:read",
        }
    }

    /// The least role that has something of it.
    #[must_use]
    pub fn least_role(self) -> Role {
        match self {
            Self::Account => Role::Viewer,
            Self::Ratings => Role::Member,
            Self::CatalogueWrite => Role::Editor,
            Self::AccountsAdmin | Self::AuditRead => Role::Admin,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or(UnknownScope)
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// None.
    pub const NONE: Self = Self(0);

    /// Every scope.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// All that a role has something of.
    #[must_use]
    pub fn of(role: Role) -> Self {
        Scope::ALL.into_iter().filter(|scope| scope.least_role() <= role).collect()
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those without `scope`.
    #[must_use]
    pub fn without(self, scope: Scope) -> Self {
        Self(self.0 & !scope.bit())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Those of a list with spaces between the names (RFC 6749 section 3.3). Names of other systems'
    /// scopes mean nothing here and are left out.
    #[must_use]
    pub fn parse_lenient(list: &str) -> Self {
        list.split(' ').filter_map(|name| name.parse::<Scope>().ok()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// The names with spaces between them, as a token has them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_scope_is_read_back_from_its_name() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("Ratings".parse::<Scope>(), Err(UnknownScope));
    }

    #[test]
    fn a_greater_role_has_all_scopes_of_a_lesser_one() {
        for pair in Role::ALL.windows(2) {
            assert_eq!(Scopes::of(pair[0]).and(Scopes::of(pair[1])), Scopes::of(pair[0]));
        }
        assert_eq!(Scopes::of(Role::Admin), Scopes::all());
        assert_eq!(Scopes::of(Role::Viewer).to_string(), "account");
    }

    #[test]
    fn scopes_of_other_systems_mean_nothing_here() {
        assert_eq!(Scopes::parse_lenient("openid ratings  email").to_string(), "ratings");
        assert!(Scopes::parse_lenient("").is_empty());
    }

    proptest! {
        #[test]
        fn a_set_is_read_back_from_its_text(bits in 0_u8..32) {
            let scopes: Scopes =
                Scope::ALL.into_iter().filter(|scope| bits & scope.bit() != 0).collect();
            prop_assert_eq!(Scopes::parse_lenient(&scopes.to_string()), scopes);
        }
    }
}
