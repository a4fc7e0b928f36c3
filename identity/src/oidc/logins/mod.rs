//! What is kept of signing in with somebody else's account: sign-ins that were begun, whose account it is, and
//! codes that apps get tokens for. The port [`ProviderLogins`], on SQLite and on Postgres.

mod sql;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) use self::sql::end_codes;
use crate::{
    Role,
    accounts::{Account, EmailAddress},
    audit::{Entry, Kind, Origin},
    store::StoreError,
};

/// How many that are over are deleted whenever a new one is written.
pub(crate) const DELETED_AT_ONCE_MAX: i64 = 100;

/// How often it is tried again where somebody else did the same at the same time.
pub(crate) const ATTEMPTS_MAX: usize = 5;

/// A sign-in that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLogin {
    /// A hash of the state.
    pub state: [u8; 32],
    /// A hash of what the browser's cookie holds.
    pub browser: [u8; 32],
    /// The provider, by its name in the configuration.
    pub provider: String,
    /// Where an app wants to have its user back, with its state, and the challenge that only it can meet.
    pub return_to: Option<(String, [u8; 32])>,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// What a provider calls somebody. Personal: never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The provider (`iss`).
    pub issuer: String,
    /// Its name for that person (`sub`).
    pub subject: String,
}

/// What a provider says of somebody. Personal: never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderUser {
    /// Who it is.
    pub subject: Subject,
    /// The address, where the provider has made sure that it is theirs.
    pub verified_email: Option<EmailAddress>,
    /// What the person is called.
    pub name: Option<String>,
}

/// What an account is made of, if one has to be, and what is written down of it.
#[derive(Debug, Clone)]
pub struct NewLink<'a> {
    /// Of the new account.
    pub account: Uuid,
    /// What it may do.
    pub role: Role,
    /// Whether an account that is there may be found by its address.
    pub by_email: bool,
    /// Of the entries in the audit trail.
    pub entries: [Uuid; 2],
    /// Who asked.
    pub origin: &'a Origin,
    /// By way of which provider.
    pub provider: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Of somebody who was here before.
    Known(Account),
    /// An account that was there, found by its address, and linked from now on.
    Linked(Account),
    /// A new one.
    Created(Account),
    /// The address belongs to an account that has not shown that it is its own, or may not be linked.
    EmailTaken,
}

/// A code to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignInCode {
    /// Its hash.
    pub hash: [u8; 32],
    /// Who has signed in.
    pub account: Uuid,
    /// By way of which provider, by its name in the configuration.
    pub provider: String,
    /// The challenge that the app can meet.
    pub challenge: [u8; 32],
    /// When it is over.
    pub expires_at: Timestamp,
}

/// A code that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInCode {
    /// Who has signed in.
    pub account: Uuid,
    /// By way of which provider, by its name in the configuration.
    pub provider: String,
    /// The challenge that whoever shows it has to meet.
    pub challenge: [u8; 32],
}

/// What is kept of signing in with somebody else's account. All errors are the store's.
#[async_trait]
pub trait ProviderLogins: Send + Sync {
    /// Keeps a sign-in that was begun, and deletes some that are over.
    async fn begin_login(&self, login: &PendingLogin, now: Timestamp) -> Result<(), StoreError>;

    /// The sign-in of this state that this browser has begun with this provider, which is then gone: of several
    /// who ask, one gets it. `None` also where it is over. Who asks from another browser ends nothing.
    async fn take_login(
        &self,
        state: &[u8; 32],
        browser: &[u8; 32],
        provider: &str,
        now: Timestamp,
    ) -> Result<Option<PendingLogin>, StoreError>;

    /// Whose account `user` has; in one transaction with what has to be made or linked and with the entries in
    /// the audit trail. By what the provider calls them first; else, if `link.by_email`, by an address that the
    /// provider has verified and the account as well; else a new one. An account that is linked keeps all else
    /// that it has. However often at once, one account is made.
    async fn resolve(&self, user: &ProviderUser, link: NewLink<'_>)
    -> Result<Resolved, StoreError>;

    /// Keeps a code, and deletes some that are over.
    async fn keep_code(&self, code: &NewSignInCode, now: Timestamp) -> Result<(), StoreError>;

    /// What a code stands for, which is then gone: of several who show it, one gets it. `None` also where it is
    /// over, or where the sessions of its account were ended since.
    async fn take_code(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<SignInCode>, StoreError>;

    /// Whose session this is. `None`: there is none, or none any more.
    async fn account_of_session(&self, session: Uuid) -> Result<Option<Uuid>, StoreError>;
}

impl std::fmt::Debug for ProviderUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderUser").field("issuer", &self.subject.issuer).finish_non_exhaustive()
    }
}

impl NewLink<'_> {
    fn linked(&self, account: Uuid) -> Entry {
        self.entry(self.entries[0], Kind::ProviderLinked, account)
    }

    fn registered(&self) -> Entry {
        self.entry(self.entries[1], Kind::Registered, self.account)
    }

    fn entry(&self, id: Uuid, kind: Kind, account: Uuid) -> Entry {
        Entry::new(id, self.now, kind)
            .about(account)
            .by(account)
            .from(self.origin)
            .provider(self.provider)
    }

    /// The account, as it is made.
    fn new_account(&self, user: &ProviderUser) -> Account {
        Account {
            id: self.account,
            email: user.verified_email.as_ref().map(|email| email.as_str().to_owned()),
            email_verified_at: user.verified_email.as_ref().map(|_| self.now),
            name: user.name.clone(),
            role: self.role,
            is_active: true,
            has_password: false,
            disabled_at: None,
            revision: 1,
            created_at: self.now,
            updated_at: self.now,
        }
    }
}

/// Whether an account that has the address may be linked by it: its address must be verified too, else
/// whoever registered it with somebody else's address waits for them to come.
fn may_be_linked(account: &Account, link: &NewLink<'_>) -> bool {
    link.by_email && account.email_verified_at.is_some()
}
