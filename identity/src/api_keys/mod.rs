//! Keys for machines: `cinelog_key_{id}_{secret}{checksum}`. The port [`ApiKeys`], on SQLite and on Postgres;
//! and what a node remembers of the keys that come again and again.

mod known;
mod sql;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) use self::known::KnownKeys;
use crate::{
    Identity, Role, Scopes,
    audit::Entry,
    opaque::{Hash, Opaque},
    store::StoreError,
};

/// How many keys an account has at once.
pub const API_KEYS_MAX: u32 = 50;

/// What stands before keys.
pub(crate) const PREFIX: &str = "cinelog_key";

/// The secret of a key. `Debug` shows the id only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeySecret(Opaque);

impl ApiKeySecret {
    /// A key, of 32 random bytes.
    #[must_use]
    pub fn new(id: Uuid, secret: [u8; 32]) -> Self {
        Self(Opaque { id, secret })
    }

    /// As its owner gets it, once: the secret itself.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.write(PREFIX)
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> Hash {
        self.0.hash(PREFIX)
    }
}

/// A key that is made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The secret, which names it.
    pub secret: ApiKeySecret,
    /// Whose it is.
    pub account: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it is good for; never [`crate::Scope::Account`].
    pub scopes: Scopes,
    /// When it is made.
    pub created_at: Timestamp,
    /// When it is over. `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// A key, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, as it stands in the key: no secret.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is over, or was.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, a few minutes exact.
    pub used_at: Option<Timestamp>,
}

/// What is known of a key that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundKey {
    pub(crate) hash: Hash,
    pub(crate) account: Uuid,
    /// What the account may do now.
    pub(crate) role: Role,
    /// Whether the account may be used.
    pub(crate) may: bool,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) used_at: Option<Timestamp>,
}

/// Why a key was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCreated {
    /// The account has [`API_KEYS_MAX`] keys.
    #[error("an account has at most {API_KEYS_MAX} keys: revoke one that is not needed")]
    TooMany,
    /// There is no such account: the token was made by `cinelog token`, or the account was just erased.
    #[error("there is no such account")]
    NoAccount,
    /// Whoever makes it may not any more: their account is disabled, gone, or has less of a role, or what they
    /// have shown has ended.
    #[error("the account may not do this any more")]
    Refused,
}

/// The keys of all accounts.
///
/// **Atomicity.** Each call is one transaction, with what it writes in the audit trail and what it revokes.
///
/// **Durability.** What a call has returned from is on the disk, but for [`note_use`](Self::note_use).
///
/// All errors are [`StoreError`]s: the store cannot be read or written.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// Keeps a key, unless the account has too many or is not there. `by` is who makes it, as their credential
    /// says: whether it still holds is looked at in the same transaction.
    async fn create_key(
        &self,
        key: &NewApiKey,
        by: &Identity,
        entry: &Entry,
    ) -> Result<Result<(), NotCreated>, StoreError>;

    /// The keys of an account, the newest first: at most [`API_KEYS_MAX`]. Those that are over are among them
    /// until they are forgotten.
    async fn keys(&self, account: Uuid) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key of an account: it is gone. Gives whether the account had that one, and the session of `by`,
    /// who wants it, has not ended; where not, nothing is written.
    async fn revoke_key(
        &self,
        account: Uuid,
        key: Uuid,
        by: &Identity,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError>;

    /// A key by its id, with what its owner may do now.
    async fn find_key(&self, key: Uuid) -> Result<Option<FoundKey>, StoreError>;

    /// Notes that a key was used, unless one has noted that since `since`. What is noted may be lost.
    async fn note_use(&self, key: Uuid, now: Timestamp, since: Timestamp)
    -> Result<(), StoreError>;

    /// Forgets at most `limit` keys that were over before `before`; gives how many.
    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
