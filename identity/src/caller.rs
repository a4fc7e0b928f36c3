//! Who is calling, and by what that is known.

use std::fmt::Display;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use uuid::Uuid;

use crate::{Role, Scope, Scopes};

/// Who a credential speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account: opaque, no personal data (`sub`).
    pub account: Uuid,
    /// What it may do (`roles`).
    #[serde(serialize_with = "as_text", deserialize_with = "role")]
    pub role: Role,
    /// Which parts of that this credential is good for (`scope`): never more than the role has.
    #[serde(serialize_with = "as_text", deserialize_with = "scopes")]
    pub scopes: Scopes,
    /// What was shown.
    pub credential: Credential,
}

/// What somebody has shown to say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// An access token of our own.
    AccessToken {
        /// The token's own id (`jti`).
        id: Uuid,
        /// The session that it belongs to (`sid`). `None` for one that `cinelog token` made.
        session: Option<Uuid>,
    },
    /// An API key.
    ApiKey {
        /// The key's id: no secret.
        id: Uuid,
    },
    /// An access token of another issuer that is trusted here.
    External,
}

impl Identity {
    /// Who a token without session and with all scopes of its role speaks for.
    #[must_use]
    pub fn by_token(account: Uuid, role: Role, id: Uuid) -> Self {
        let credential = Credential::AccessToken { id, session: None };
        Self { account, role, scopes: Scopes::of(role), credential }
    }

    /// Whether both the role and the scopes reach.
    #[must_use]
    pub fn may(&self, role: Role, scope: Scope) -> bool {
        self.role >= role && self.scopes.has(scope)
    }

    /// The session that the caller is in.
    #[must_use]
    pub fn session(&self) -> Option<Uuid> {
        match self.credential {
            Credential::AccessToken { session, .. } => session,
            Credential::ApiKey { .. } | Credential::External => None,
        }
    }
}

fn as_text<S: Serializer>(value: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

fn role<'de, D: Deserializer<'de>>(from: D) -> Result<Role, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn scopes<'de, D: Deserializer<'de>>(from: D) -> Result<Scopes, D::Error> {
    Ok(Scopes::parse_lenient(&String::deserialize(from)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_the_role_and_the_scopes_must_reach() {
        let editor = Identity::by_token(Uuid::nil(), Role::Editor, Uuid::nil());
        assert!(editor.may(Role::Editor, Scope::CatalogueWrite));
        assert!(editor.may(Role::Member, Scope::Ratings));
        assert!(!editor.may(Role::Admin, Scope::CatalogueWrite));
        let only_ratings = Identity { scopes: [Scope::Ratings].into_iter().collect(), ..editor };
        assert!(!only_ratings.may(Role::Editor, Scope::CatalogueWrite));
    }
}
