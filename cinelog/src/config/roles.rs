//! What a process does.

use std::{collections::BTreeSet, fmt};

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Texts;

/// One thing that a process may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Takes commands: the write side.
    Command,
    /// Answers queries: the read side.
    Query,
    /// Folds the log into the read model.
    Projector,
    /// Publishes the log's events on Kafka.
    Relay,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "command",
            Self::Query => "query",
            Self::Projector => "projector",
            Self::Relay => "relay",
        })
    }
}

/// What a process does: one role or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Texts", into = "Vec<String>")]
#[schemars(with = "Vec<Role>")]
pub(crate) struct Roles(BTreeSet<Role>);

impl Default for Roles {
    fn default() -> Self {
        Self([Role::Command, Role::Query, Role::Projector].into())
    }
}

impl Roles {
    /// These roles.
    #[cfg(test)]
    pub(crate) fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        Self(roles.into_iter().collect())
    }

    /// Whether this process has the role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether this process does everything; to relay is not part of that, since it needs a Kafka.
    pub(crate) fn is_all(&self) -> bool {
        self.0.is_superset(&Self::default().0)
    }

    /// Gives the process one role more.
    pub(super) fn add(&mut self, role: Role) {
        self.0.insert(role);
    }

    /// Whether anybody is answered at the public address.
    pub(crate) fn is_public(&self) -> bool {
        self.has(Role::Command) || self.has(Role::Query)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, role) in self.0.iter().enumerate() {
            write!(f, "{}{role}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl TryFrom<Texts> for Roles {
    type Error = String;

    fn try_from(written: Texts) -> Result<Self, Self::Error> {
        let expected = "expected one or more of command, query, projector, relay";
        let role = |name: &String| Role::from_str(name, false).map_err(|_| expected.to_owned());
        let roles: BTreeSet<Role> = written.parts().iter().map(role).collect::<Result<_, _>>()?;
        if roles.is_empty() { Err(expected.to_owned()) } else { Ok(Self(roles)) }
    }
}

impl From<Roles> for Vec<String> {
    fn from(roles: Roles) -> Self {
        roles.0.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(written: &str) -> Result<Roles, serde_json::Error> {
        serde_json::from_str(written)
    }

    #[test]
    fn roles_are_a_list_or_a_text_with_commas() {
        let both = roles(r#"["query", "command"]"#).unwrap();
        assert_eq!(roles(r#""command, query""#).unwrap(), both);
        assert_eq!(both.to_string(), "command, query");
        assert!(both.has(Role::Query) && !both.has(Role::Projector));
        assert!(roles(r#"["command","query","projector"]"#).unwrap().is_all());
    }

    #[test]
    fn a_process_does_something_that_there_is() {
        for wrong in ["[]", r#""""#, r#"["reader"]"#, r#""command query""#] {
            let error = roles(wrong).unwrap_err().to_string();
            assert!(error.contains("command, query, projector"), "{error}");
        }
    }

    #[test]
    fn a_process_that_only_projects_answers_nobody() {
        assert!(!roles(r#""projector""#).unwrap().is_public());
        assert!(roles(r#""projector, query""#).unwrap().is_public());
    }
}
