//! The port: what must happen at once, and what holds of it.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Account, Administered, Changed, Changes, EmailAddress, Erased, Known, NewAccount, NewToken,
    Purpose,
};
use crate::{Identity, audit::Entry, mail::PER_ADDRESS_MAX, store::StoreError};

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
/// credential that a node still believes, of an account that is disabled, erased or demoted by now, does nothing,
/// nor does a session that has ended or a key that was revoked.
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

    /// Sets a password where the one before is still `before`, and the session `kept`, from which that is asked
    /// for, has not ended; gives whether it did. All sessions but `kept` end.
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

    /// Erases an account: nothing personal of it is kept, anywhere in the store. `expected` is the revision that
    /// is meant, as in [`change`](Self::change); `by` is who wants it, as in [`Administered`].
    async fn erase(
        &self,
        id: Uuid,
        expected: Option<u64>,
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

/// Devices of an account that are known: those used last.
pub(super) const DEVICES_MAX: i64 = 20;
