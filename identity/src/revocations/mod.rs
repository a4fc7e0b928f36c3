//! What nodes must not believe any more. Whoever ends a session, an account's rights or a key writes it down
//! in the same transaction; every node reads what is new once a second, and keeps it in memory.

mod list;
mod sql;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

pub use self::list::RevocationList;
pub(crate) use self::sql::revoke;
use crate::{Role, store::StoreError};

/// The longest life of an access token of a session.
pub const ACCESS_TOKEN_TTL_MAX: Duration = Duration::from_secs(3600);

/// The longest life of an access token without a session, such as `cinelog token` makes.
pub const TOKEN_TTL_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A session with all its access tokens.
    Session(Uuid),
    /// All access tokens that an account has so far; sessions go on, and get new ones.
    Account(Uuid),
    /// The access tokens of an account with a role that it had.
    Role(Uuid, Role),
    /// A key for a machine.
    ApiKey(Uuid),
}

impl Subject {
    /// For how long it is kept in mind: a little longer than what it concerns could live, as it would come to
    /// life again when that is over.
    #[must_use]
    pub fn kept(self) -> Duration {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        match self {
            Self::Session(_) | Self::Role(..) | Self::ApiKey(_) => 2 * ACCESS_TOKEN_TTL_MAX,
            Self::Account(_) => TOKEN_TTL_MAX + DAY,
        }
    }

    /// Whether the latest time at which it was revoked counts, whoever commits last: each time was taken before its
    /// transaction, which may have waited, and by the clock of some node. A role may be set back: it is revoked
    /// until a change has settled, and right again where that is taken back before.
    pub(crate) fn is_never_set_back(self) -> bool {
        match self {
            Self::Session(_) | Self::Account(_) | Self::ApiKey(_) => true,
            Self::Role(..) => false,
        }
    }

    /// As it is stored.
    pub(crate) fn parts(self) -> (&'static str, Uuid) {
        match self {
            Self::Session(id) => ("session", id),
            Self::Account(id) => ("account", id),
            Self::Role(id, Role::Viewer) => ("was_viewer", id),
            Self::Role(id, Role::Member) => ("was_member", id),
            Self::Role(id, Role::Editor) => ("was_editor", id),
            Self::Role(id, Role::Admin) => ("was_admin", id),
            Self::ApiKey(id) => ("api_key", id),
        }
    }

    /// Until when it is kept in mind.
    pub(crate) fn forget_at(self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.kept()).unwrap_or(Timestamp::MAX)
    }
}

/// That something was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Its number: grows, and becomes visible in its order.
    pub seq: u64,
    /// What.
    pub subject: Subject,
    /// When.
    pub revoked_at: Timestamp,
    /// Until when it is kept in mind.
    pub forget_at: Timestamp,
}

/// What was revoked, in order.
///
/// **Order.** Numbers become visible in their order, whoever writes: who has read up to one has missed none
/// before it. The same subject is there once, under its newest number.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// At most `limit` revocations after number `after`, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    async fn revoked_after(&self, after: u64, limit: u32) -> Result<Vec<Revocation>, StoreError>;

    /// The last number that was given out; 0 where none was. It never gets less, unless the store was put back
    /// to an earlier time.
    ///
    /// # Errors
    /// Where the store cannot be read.
    async fn last_revocation(&self) -> Result<u64, StoreError>;

    /// Forgets at most `limit` that need not be kept in mind at `now`; gives how many.
    ///
    /// # Errors
    /// Where the store cannot be written.
    async fn forget_revocations(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
