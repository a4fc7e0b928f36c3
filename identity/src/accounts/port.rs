//! The port: what is kept of people, and what must happen at once.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{EmailAddress, Purpose};
use crate::{Identity, Role, audit::Entry, mail::PER_ADDRESS_MAX, store::StoreError};

/// An account. What is personal in it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Opaque, and all that the rest of Cinelog knows.
    pub id: Uuid,
    /// The address, as the person writes it. `None` where a provider of OpenID Connect told none.
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

/// A token that a mail carries.
#[derive(Debug, Clone, Copy)]
pub struct NewToken {
    /// Its hash.
    pub hash: [u8; 32],
    /// What it is good for.
    pub purpose: Purpose,
    /// Until when.
    pub expires_at: Timestamp,
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
    /// Whoever wants it may not any more: their account is disabled, gone, or has less of a role.
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
    /// Whoever wants it may not any more: their account is disabled, gone, or has less of a role.
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

/// Who has an account.
///
/// **Atomicity.** Each call is one transaction, with what it writes in the audit trail and what it revokes.
/// Of many who use the same token at once, on whatever nodes, one succeeds.
///
/// **Durability.** What a call has returned from is on the disk.
///
/// **Addresses.** One active account has an address; any number of registrations may wait for it, and the first
/// that is verified gets it.
///
/// **Ending.** A new password, a role and a disabling end what depends on what was before: sessions, or the
/// access tokens made so far; every node hears of it within seconds. Where sessions end, so do codes of sign-ins
/// that were not used yet. Erasing ends everything.
///
/// **Authority.** Who changes or erases accounts, their own or others', is looked at in the same transaction: a
/// credential that a node still believes, of an account that is disabled, erased or demoted by now, does nothing.
///
/// **The last admin.** One admin who can log in stays, active and not disabled, however many changes are asked for
/// at once, unless the command line asks.
///
/// All errors are [`StoreError`]s: the store cannot be read or written.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// An account by its id, also one that is disabled or waits.
    async fn account(&self, id: Uuid) -> Result<Option<Account>, StoreError>;

    /// Who logs in with an address: the account that has it, else the newest registration that waits for it.
    /// `device` is the hash of a device token.
    async fn known(
        &self,
        email: &EmailAddress,
        device: Option<[u8; 32]>,
    ) -> Result<Option<Known>, StoreError>;

    /// The hash of an account's password.
    async fn password(&self, id: Uuid) -> Result<Option<String>, StoreError>;

    /// Makes an active account. Gives whether the address was free.
    async fn create(&self, account: &NewAccount, entry: &Entry) -> Result<bool, StoreError>;

    /// Makes a registration that waits, with the token that its owner is sent; or, where an account has the
    /// address, gives that account the token to set a new password, which takes as long. Gives which account has
    /// the address. Only the newest few registrations for one address wait.
    async fn register(
        &self,
        account: &NewAccount,
        token: &NewToken,
        reset: &NewToken,
    ) -> Result<Option<Account>, StoreError>;

    /// Gives an account a token. Only the newest few of a purpose are kept.
    async fn add_token(&self, account: Uuid, token: &NewToken) -> Result<(), StoreError>;

    /// Whose token it is, if it is good at `now`. It stays.
    async fn token_owner(
        &self,
        hash: [u8; 32],
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError>;

    /// Uses a token that shows that mail reaches its owner: the account becomes active, and has the address.
    /// Registrations that waited for the same one are gone; where there were any, so is the password, since nobody
    /// knows whose it is: the owner of the address sets one by mail. `None` where the token is not good, or another
    /// account has the address. `device` is known from then on.
    async fn verify(
        &self,
        hash: [u8; 32],
        device: [u8; 32],
        now: Timestamp,
        entry: &Entry,
    ) -> Result<Option<Account>, StoreError>;

    /// Uses a token to set a password. It shows, too, that mail reaches its owner. All sessions and
    /// keys for machines end, all other tokens of the account are gone, and failed tries are forgotten. `None` where the token is not good.
    /// `device` is known from then on.
    async fn reset_password(
        &self,
        hash: [u8; 32],
        password: &str,
        device: [u8; 32],
        now: Timestamp,
        entry: &Entry,
    ) -> Result<Option<Account>, StoreError>;

    /// Sets a password where the one before is still `before`; gives whether it was. All sessions but `kept`
    /// end.
    async fn set_password(
        &self,
        id: Uuid,
        before: Option<&str>,
        password: &str,
        kept: Option<Uuid>,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError>;

    /// The same password, hashed with today's work, where it is still `before`. Nothing ends.
    async fn rehash(&self, id: Uuid, before: &str, password: &str) -> Result<(), StoreError>;

    /// Changes what somebody wants to be called, or what they may do. `expected` is the revision that the change
    /// is meant for.
    async fn change(
        &self,
        id: Uuid,
        expected: Option<u64>,
        changes: &Changes,
        now: Timestamp,
        entries: &Administered,
    ) -> Result<Changed, StoreError>;

    /// Erases an account: nothing personal of it is kept, anywhere in the store. `by` is who wants it, as in
    /// [`Administered`].
    async fn erase(
        &self,
        id: Uuid,
        by: Option<&Identity>,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<Erased, StoreError>;

    /// Accounts in the order of their ids, which is that of their making, after `after`; at most `limit`.
    async fn list(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Account>, StoreError>;

    /// From now on, a device is known from which somebody has logged in. The oldest of many are forgotten.
    async fn remember_device(
        &self,
        account: Uuid,
        device: [u8; 32],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets tokens that are over at `now`, registrations that have waited since before `waiting_since`, and
    /// devices that were not used since `devices_since`; at most `limit` of each. Gives how many.
    async fn forget_old(
        &self,
        now: Timestamp,
        waiting_since: Timestamp,
        devices_since: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;
}

/// Registrations that wait for one address: the newest, as many as two nodes send mails of in an hour.
pub(super) const WAITING_MAX: i64 = 2 * PER_ADDRESS_MAX as i64;

/// Tokens of one purpose that an account has: the newest, as many.
pub(super) const TOKENS_MAX: i64 = WAITING_MAX;

/// For how long after the change of a role no access token with the old one is believed, whenever it was made.
/// The time of a change is taken before its transaction, which may have to wait: a token that is made meanwhile,
/// or by a node whose clock is ahead by less than this, may still have the old role.
const ROLE_SETTLES_IN: Duration = Duration::from_secs(5);

/// Devices of an account that are known: those used last.
pub(super) const DEVICES_MAX: i64 = 20;

/// Until when access tokens with the role before are not believed where it was changed at `now`.
pub(super) fn role_settles_at(now: Timestamp) -> Timestamp {
    now.saturating_add(ROLE_SETTLES_IN).unwrap_or(Timestamp::MAX)
}

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
