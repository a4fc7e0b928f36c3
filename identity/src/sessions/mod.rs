//! Sessions: who has logged in, from where, and for how long. The port [`Sessions`], on SQLite and on
//! Postgres; what refresh tokens do is decided in `family`, without either.

mod family;
mod row;
mod sql;
mod token;

use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

pub use self::{
    family::{Refusal, Terms},
    token::{NotARefreshToken, RefreshToken},
};
pub(crate) use self::{sql::end_all_but, token::PREFIX};
use crate::{Identity, Role, audit::Entry, store::StoreError};

/// How many sessions an account has at once; a further one ends the one that was not used for longest.
pub const SESSIONS_MAX: u32 = 50;

/// How many used refresh tokens of a session are known again, the newest. An older one than all of these is
/// refused and ends nothing.
const USED_TOKENS_MAX: u32 = 1_000;

/// A session that begins.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its first refresh token, which names it.
    pub token: RefreshToken,
    /// Whose it is.
    pub account: Uuid,
    /// The revision of the account as it was when its owner was found to be who they say: what was shown then
    /// may not be good any more.
    pub revision: u64,
    /// When it begins.
    pub begins_at: Timestamp,
    /// How long it lasts.
    pub terms: Terms,
    /// From where.
    pub client: Client,
}

/// From where somebody logs in: by what they know the session again.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// `User-Agent`, cut off after [`Client::USER_AGENT_CHARS_MAX`].
    user_agent: Option<String>,
    /// The address.
    address: Option<IpAddr>,
}

impl Client {
    /// How much of `User-Agent` is kept, in characters.
    pub const USER_AGENT_CHARS_MAX: usize = 200;

    /// A client; of what it says of itself, control characters are left out.
    #[must_use]
    pub fn new(user_agent: Option<&str>, address: Option<IpAddr>) -> Self {
        let plain = |text: &str| -> String {
            let plain = text.chars().filter(|c| !c.is_control());
            plain.take(Self::USER_AGENT_CHARS_MAX).collect()
        };
        Self { user_agent: user_agent.map(plain).filter(|text| !text.is_empty()), address }
    }
}

/// The address of a person is never logged.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// A session that lives.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id (`sid` in its access tokens): no secret.
    pub id: Uuid,
    /// When somebody logged in.
    pub created_at: Timestamp,
    /// When a refresh token was used last.
    pub used_at: Timestamp,
    /// When it ends if it is not used until then.
    pub expires_at: Timestamp,
    /// What the client said it is.
    pub user_agent: Option<String>,
    /// The client's address at log-in.
    pub address: Option<String>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A refresh token is shown.
pub struct Shown<'a> {
    /// The token.
    pub token: &'a RefreshToken,
    /// 32 random bytes, for the token that may follow.
    pub salt: [u8; 32],
    /// When.
    pub now: Timestamp,
    /// How long sessions last.
    pub terms: Terms,
    /// What is written in the trail should the session be ended for it.
    pub reused: &'a Entry,
}

/// The next token follows from what it holds.
impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("now", &self.now).finish_non_exhaustive()
    }
}

/// What a refresh token gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The next refresh token.
    pub token: RefreshToken,
    /// When that is over if it is not used.
    pub expires_at: Timestamp,
    /// Whose session it is.
    pub account: Uuid,
    /// What the account may do now.
    pub role: Role,
}

/// The sessions of all accounts.
///
/// **Atomicity.** Each call is one transaction, with what it writes in the audit trail and what it revokes.
/// Of many who show the same refresh token at once, on whatever nodes, one makes the next token, and the others
/// get the same one.
///
/// **Durability.** What a call has returned from is on the disk.
///
/// **Revocation.** A session that is ended is gone, and its id stands among the revocations, so that its access
/// tokens are not believed any more.
///
/// All errors are [`StoreError`]s: the store cannot be read or written.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Begins a session; gives whether it did: not where the account is at another revision by now, disabled or
    /// gone, and then nothing is written. Where the account has [`SESSIONS_MAX`] already, the one that was not
    /// used for longest ends.
    async fn begin_session(&self, session: &NewSession, entry: &Entry) -> Result<bool, StoreError>;

    /// What a refresh token gives, or why it gives nothing. One that was used before ends its session.
    async fn refresh(&self, shown: &Shown<'_>) -> Result<Result<Granted, Refusal>, StoreError>;

    /// The sessions of an account that live at `now`, the one used last first: at most [`SESSIONS_MAX`].
    async fn sessions(&self, account: Uuid, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends a session of an account. `by` is who wants it, as their credential says; `None`: the server itself.
    /// Gives whether the account had that session, and that of `by` has not ended; where not, nothing is written.
    async fn end_session(
        &self,
        account: Uuid,
        session: Uuid,
        by: Option<&Identity>,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError>;

    /// Ends all sessions of the account of `by`, and all access tokens that it has, also those without a session;
    /// and codes of sign-ins that were not used yet. Gives whether the session of `by` had not ended before; where
    /// it had, nothing is written.
    async fn end_sessions(
        &self,
        by: &Identity,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError>;

    /// Forgets sessions that are over at `now`, at most `limit`; gives how many.
    async fn forget_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
