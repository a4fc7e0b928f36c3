//! A change of an account, or its end: what is asked for, what becomes of it, what is written down of it.

use std::time::Duration;

use jiff::Timestamp;

use super::Account;
use crate::{Identity, Role, audit::Entry};

/// What is to be different. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What the person wants to be called; the inner `None` takes it away.
    pub name: Option<Option<String>>,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may do nothing.
    pub disabled: Option<bool>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The account as it is now.
    Done(Account),
    /// There is no such account.
    Missing,
    /// It is at this revision, and another was expected.
    Elsewhere(u64),
    /// Whoever wants it may not any more: their account is disabled, gone, or has less of a role, or what they
    /// have shown has ended.
    Refused,
    /// It is the last admin who can log in, and `by` is somebody: only the command line takes it away.
    LastAdmin,
}

/// What became of an erasing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// The account is gone.
    Done,
    /// There is no such account.
    Missing,
    /// It is at this revision, and another was expected.
    Elsewhere(u64),
    /// Whoever wants it may not any more: their account is disabled, gone, or has less of a role, or what they
    /// have shown has ended.
    Refused,
    /// It is the last admin who can log in, and `by` is somebody: only the command line takes it away.
    LastAdmin,
}

/// Who changes an account, and what is written down of it.
#[derive(Debug, Clone)]
pub struct Administered {
    /// Who changes it, as their credential says. `None`: whoever has the store itself, on the command line.
    pub by: Option<Identity>,
    /// What is written where the role becomes another.
    pub role_changed: Entry,
    /// What is written where it is disabled.
    pub disabled: Entry,
    /// What is written where it is enabled again.
    pub enabled: Entry,
}

/// For how long after the change of a role no access token with the old one is believed, whenever it was made.
/// The time of a change is taken before its transaction, which may have to wait: a token that is made meanwhile,
/// or by a node whose clock is ahead by less than this, may still have the old role.
const ROLE_SETTLES_IN: Duration = Duration::from_secs(5);

impl Changes {
    /// What the account is with these.
    pub(super) fn applied_to(&self, before: &Account, now: Timestamp) -> Account {
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        after.role = self.role.unwrap_or(before.role);
        after.disabled_at = match self.disabled {
            Some(true) => before.disabled_at.or(Some(now)),
            Some(false) => None,
            None => before.disabled_at,
        };
        if after != *before {
            after.revision += 1;
            after.updated_at = now;
        }
        after
    }
}

impl Administered {
    /// What is written down of a change.
    pub(super) fn of(&self, before: &Account, after: &Account) -> Vec<Entry> {
        let mut entries = Vec::new();
        if before.role != after.role {
            entries.push(self.role_changed.clone().role(Some(before.role), after.role));
        }
        match (before.disabled_at, after.disabled_at) {
            (None, Some(_)) => entries.push(self.disabled.clone()),
            (Some(_), None) => entries.push(self.enabled.clone()),
            _ => {}
        }
        entries
    }
}

/// Until when access tokens with the role before are not believed where it was changed at `now`.
pub(super) fn role_settles_at(now: Timestamp) -> Timestamp {
    now.saturating_add(ROLE_SETTLES_IN).unwrap_or(Timestamp::MAX)
}
