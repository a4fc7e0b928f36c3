//! A row of the table: one method of one address, and what it takes.

use std::{borrow::Cow, fmt};

use http::Method;
use identity::{Role, Scope};

/// What one method of one address takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The method. `GET` stands for `HEAD` too; `OPTIONS` is answered to everybody and has no row.
    pub method: Method,
    /// The address, with its parameters as the route has them: `/v1/movies/{id}`.
    pub path: Cow<'static, str>,
    /// Who is let in.
    pub takes: Takes,
    /// What its requests are counted with.
    pub group: RateGroup,
}

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Everybody. Credentials are not looked at.
    Anyone,
    /// Callers with at least this role, whose credential is good for this scope.
    Caller {
        /// The least role.
        role: Role,
        /// The scope.
        scope: Scope,
    },
}

/// What requests are counted with, where their rate is limited. Groups are what a policy is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RateGroup {
    /// Reads of one thing.
    Read,
    /// Reads of lists, which can be filtered and searched.
    Search,
    /// Changes of the catalogue.
    Write,
    /// Ratings.
    Rate,
    /// Sign-ins.
    SignIn,
    /// Registrations.
    Registration,
    /// What makes the server send a mail.
    Mail,
    /// Everything about one's own account, and the accounts of others.
    Account,
    /// What is never limited.
    Exempt,
}

impl Row {
    /// `GET`, and with it `HEAD`.
    pub fn get(path: impl Into<Cow<'static, str>>, takes: Takes, group: RateGroup) -> Self {
        Self::new(Method::GET, path, takes, group)
    }

    /// `POST`.
    pub fn post(path: impl Into<Cow<'static, str>>, takes: Takes, group: RateGroup) -> Self {
        Self::new(Method::POST, path, takes, group)
    }

    /// `PUT`.
    pub fn put(path: impl Into<Cow<'static, str>>, takes: Takes, group: RateGroup) -> Self {
        Self::new(Method::PUT, path, takes, group)
    }

    /// `PATCH`.
    pub fn patch(path: impl Into<Cow<'static, str>>, takes: Takes, group: RateGroup) -> Self {
        Self::new(Method::PATCH, path, takes, group)
    }

    /// `DELETE`.
    pub fn delete(path: impl Into<Cow<'static, str>>, takes: Takes, group: RateGroup) -> Self {
        Self::new(Method::DELETE, path, takes, group)
    }

    fn new(
        method: Method,
        path: impl Into<Cow<'static, str>>,
        takes: Takes,
        group: RateGroup,
    ) -> Self {
        Self { method, path: path.into(), takes, group }
    }
}

impl Takes {
    /// Callers with at least `role`, whose credential is good for `scope`.
    #[must_use]
    pub const fn caller(role: Role, scope: Scope) -> Self {
        Self::Caller { role, scope }
    }
}

impl RateGroup {
    /// Every group.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::Search,
        Self::Write,
        Self::Rate,
        Self::SignIn,
        Self::Registration,
        Self::Mail,
        Self::Account,
        Self::Exempt,
    ];

    /// The name, as in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Write => "write",
            Self::Rate => "rate",
            Self::SignIn => "sign_in",
            Self::Registration => "registration",
            Self::Mail => "mail",
            Self::Account => "account",
            Self::Exempt => "exempt",
        }
    }
}

impl fmt::Display for RateGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
