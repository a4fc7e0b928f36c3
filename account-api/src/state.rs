//! What the handlers share.

use std::sync::Arc;

use http_kit::Clock;
use identity::{
    Ports,
    accounts::{Occasion, Registrar},
    audit::{Origin, Refusals},
    oidc::SignIns,
};

use crate::tokens::Tokens;

/// What the handlers share. Clones are cheap.
#[derive(Debug, Clone)]
pub struct AccountState {
    /// Time, ids and secrets.
    pub clock: Clock,
    /// What makes tokens.
    pub tokens: Tokens,
    /// Signing in with providers.
    pub sign_ins: Arc<SignIns>,
    /// The identity store.
    pub ports: Ports,
    /// What people can do with their accounts.
    pub registrar: Registrar,
    /// Where refusals are handed in for the audit trail.
    pub refusals: Refusals,
}

impl AccountState {
    /// What a call takes from outside.
    pub(crate) fn occasion(&self, origin: Origin) -> Occasion {
        Occasion {
            now: self.clock.now(),
            id: self.clock.new_id(),
            entry: self.clock.new_id(),
            random: self.clock.new_secret(),
            origin,
        }
    }
}
