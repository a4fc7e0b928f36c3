//! What people can do with their accounts. Whoever asks for something by an address cannot tell from the answer,
//! nor from how long it takes, whether there is an account with it.

mod changing;
mod logging_in;
mod mails;
mod registering;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::mails::REQUESTS_MAX;
pub use self::{
    changing::{NotChanged, ResetRefused},
    logging_in::{LogIn, LoggedIn, LoginRefused},
    registering::{NotAName, NotRegistered, Registered, Registration, check_name},
};
use super::{Account, Accounts, secret::Secret};
use crate::{
    audit::{Entry, Kind, Origin},
    lockout::LoginAttempts,
    mail::Post,
    passwords::Hasher,
};

/// What a call takes from outside: time, ids, chance, and where it comes from.
#[derive(Clone)]
pub struct Occasion {
    /// What time it is.
    pub now: Timestamp,
    /// Of what may be made: an account, a mail.
    pub id: Uuid,
    /// Of what may be written in the audit trail.
    pub entry: Uuid,
    /// 32 random bytes, from which all secrets of the call are drawn.
    pub random: [u8; 32],
    /// Where the request comes from.
    pub origin: Origin,
}

/// All secrets of the call follow from what it holds.
impl std::fmt::Debug for Occasion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Occasion").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Occasion {
    fn entry(&self, kind: Kind) -> Entry {
        Entry::new(self.entry, self.now, kind).from(&self.origin)
    }

    fn secret(&self, label: &str) -> Secret {
        Secret::draw(&self.random, label)
    }

    fn after(&self, time: Duration) -> Timestamp {
        self.now.saturating_add(time).unwrap_or(Timestamp::MAX)
    }
}

/// What can be chosen.
#[derive(Debug, Clone, Copy)]
pub struct RegistrarOptions {
    /// Whether an address must be shown to be one's own before one can log in.
    pub is_verification_required: bool,
    /// How long a token is good that shows it.
    pub verification_ttl: Duration,
    /// How long a token is good that allows to set a password.
    pub password_reset_ttl: Duration,
}

/// What people can do with their accounts. Clones are cheap.
#[derive(Clone)]
pub struct Registrar {
    accounts: Arc<dyn Accounts>,
    attempts: Arc<dyn LoginAttempts>,
    hasher: Hasher,
    post: Post,
    options: RegistrarOptions,
    requests: Arc<Semaphore>,
}

impl std::fmt::Debug for Registrar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registrar").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Registrar {
    /// Over these.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn Accounts>,
        attempts: Arc<dyn LoginAttempts>,
        hasher: Hasher,
        post: Post,
        options: RegistrarOptions,
    ) -> Self {
        let requests = Arc::new(Semaphore::new(REQUESTS_MAX));
        Self { accounts, attempts, hasher, post, options, requests }
    }

    /// Whether an account can be logged in to, by whatever way.
    #[must_use]
    pub fn may_log_in(&self, account: &Account) -> bool {
        let is_verified =
            !self.options.is_verification_required || account.email_verified_at.is_some();
        account.is_active && account.disabled_at.is_none() && is_verified
    }
}

/// What everybody may know of somebody.
fn personal(email: Option<&str>, name: Option<&str>) -> Vec<String> {
    email.into_iter().chain(name).map(ToOwned::to_owned).collect()
}
