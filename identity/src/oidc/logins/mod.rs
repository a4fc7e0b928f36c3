//! What is kept of signing in with a provider: sign-ins that have begun, which account belongs to whom, and codes
//! that apps get tokens for. The port [`ProviderLogins`], on SQLite and on Postgres.

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

/// How many expired sign-ins or codes are deleted whenever a new one is written.
const DELETED_AT_ONCE_MAX: i64 = 100;

/// How often an account is looked for or made, while others make or link the same one at the same time.
const ATTEMPTS_MAX: usize = 5;

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLogin {
    /// The hash of the state.
    pub state: [u8; 32],
    /// The hash of what the browser's cookie holds.
    pub browser: [u8; 32],
    /// The provider, by its name in the configuration.
    pub provider: String,
    /// The URL at which an app wants its user back, with the app's state, and the app's PKCE challenge.
    pub return_to: Option<(String, [u8; 32])>,
    /// When it expires.
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
    /// The e-mail address, if the provider has verified that it is theirs.
    pub verified_email: Option<EmailAddress>,
    /// What the person is called.
    pub name: Option<String>,
}

/// How somebody who comes from a provider is linked to an account, and what is written into the audit trail.
#[derive(Debug, Clone)]
pub struct NewLink<'a> {
    /// The id of the account, if one is made.
    pub account: Uuid,
    /// The role of the account, if one is made.
    pub role: Role,
    /// Whether an existing account may be found by its e-mail address.
    pub by_email: bool,
    /// Ids for entries in the audit trail: of the link, and of the registration.
    pub entries: [Uuid; 2],
    /// Where the request comes from.
    pub origin: &'a Origin,
    /// The provider, by its name in the configuration.
    pub provider: &'a str,
    /// The time now.
    pub now: Timestamp,
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The account that was linked or made at an earlier sign-in.
    Known(Account),
    /// An account that was found by its address, and is linked from now on.
    Linked(Account),
    /// A new account.
    Created(Account),
    /// The address belongs to an account that has not verified it, or that may not be found by it.
    EmailTaken,
}

/// A code to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignInCode {
    /// The hash of the code.
    pub hash: [u8; 32],
    /// Who has signed in.
    pub account: Uuid,
    /// The provider, by its name in the configuration.
    pub provider: String,
    /// The app's PKCE challenge.
    pub challenge: [u8; 32],
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A code that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInCode {
    /// Who has signed in.
    pub account: Uuid,
    /// The provider, by its name in the configuration.
    pub provider: String,
    /// The PKCE challenge that the code's bearer has to meet.
    pub challenge: [u8; 32],
}

/// What is kept of signing in with a provider. All errors are the store's.
#[async_trait]
pub trait ProviderLogins: Send + Sync {
    /// Keeps a sign-in that has begun, and deletes some that have expired.
    async fn begin_login(&self, login: &PendingLogin, now: Timestamp) -> Result<(), StoreError>;

    /// Takes the sign-in of this state that this browser began with this provider. It is then gone: of several
    /// who take it at once, one gets it. `None`: there is none, or it has expired. Asking from another browser
    /// does not end the sign-in.
    async fn take_login(
        &self,
        state: &[u8; 32],
        browser: &[u8; 32],
        provider: &str,
        now: Timestamp,
    ) -> Result<Option<PendingLogin>, StoreError>;

    /// The account of `user`. It is looked for by the provider's subject first; then, if `link.by_email`, by an
    /// address that both the provider and the account have verified; otherwise a new account is made. Making,
    /// linking and the entries in the audit trail are one transaction. Linking changes nothing of the account
    /// itself. However many ask at once for the same person, one account is made.
    async fn resolve(&self, user: &ProviderUser, link: NewLink<'_>)
    -> Result<Resolved, StoreError>;

    /// Keeps a code, and deletes some that have expired.
    async fn keep_code(&self, code: &NewSignInCode, now: Timestamp) -> Result<(), StoreError>;

    /// Takes what a code stands for. It is then gone: of several who show it at once, one gets it. `None`: there is
    /// no such code, it has expired, or the sessions of its account were ended since.
    async fn take_code(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<SignInCode>, StoreError>;

    /// The account of a session. `None`: there is no such session, or it is gone.
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

/// Whether an account may be linked by its address. The account must have verified the address too: otherwise
/// somebody could register with another's address and wait for them to sign in.
fn may_be_linked(account: &Account, link: &NewLink<'_>) -> bool {
    link.by_email && account.email_verified_at.is_some()
}
