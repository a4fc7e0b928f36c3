//! All ports of the identity store, together: whoever opens a store gets them, whoever needs some takes
//! those.

use std::sync::Arc;

use crate::{
    accounts::Accounts, api_keys::ApiKeys, audit::AuditTrail, lockout::LoginAttempts,
    oidc::ProviderLogins, revocations::Revocations, sessions::Sessions,
};

/// The ports, all on one store.
#[derive(Clone)]
pub struct Ports {
    /// Who has an account.
    pub accounts: Arc<dyn Accounts>,
    /// Who tried to log in.
    pub attempts: Arc<dyn LoginAttempts>,
    /// Who did what, when.
    pub audit: Arc<dyn AuditTrail>,
    /// Who has logged in.
    pub sessions: Arc<dyn Sessions>,
    /// Keys for machines.
    pub api_keys: Arc<dyn ApiKeys>,
    /// Signing in with somebody else's account.
    pub provider_logins: Arc<dyn ProviderLogins>,
    /// What is not believed any more.
    pub revocations: Arc<dyn Revocations>,
}

impl Ports {
    /// The ports of a store.
    pub fn on<S>(store: Arc<S>) -> Self
    where
        S: Accounts
            + LoginAttempts
            + AuditTrail
            + Sessions
            + ApiKeys
            + ProviderLogins
            + Revocations
            + 'static,
    {
        Self {
            accounts: Arc::clone(&store) as _,
            attempts: Arc::clone(&store) as _,
            audit: Arc::clone(&store) as _,
            sessions: Arc::clone(&store) as _,
            api_keys: Arc::clone(&store) as _,
            provider_logins: Arc::clone(&store) as _,
            revocations: store,
        }
    }
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}
