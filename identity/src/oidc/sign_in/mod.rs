//! Signing in: a browser is sent to a provider, comes back, and if an app sent it, takes a code along to that app.

mod begin;
mod code;
mod finish;

use std::{collections::HashMap, sync::Arc};

use jiff::SignedDuration;

pub use self::{
    begin::{App, Begin, BeginError, Begun, LoginSecrets},
    finish::{Callback, FinishError, FinishReason, Finished, SaidNo},
};
use super::{
    logins::ProviderLogins,
    outbound::Outbound,
    provider::{Provider, ProviderSettings},
};

/// The longest parameter of an answer that is looked at, in bytes. Some providers' codes are JWTs.
const PARAMETER_BYTES_MAX: usize = 4096;

/// Sign-ins with all configured providers.
pub struct SignIns {
    /// By their names in the configuration.
    providers: HashMap<String, Provider>,
    logins: Arc<dyn ProviderLogins>,
    outbound: Outbound,
}

impl SignIns {
    /// How long somebody has to sign in at a provider.
    pub const LOGIN_TTL: SignedDuration = SignedDuration::from_mins(10);

    /// How long an app has to get tokens for a code.
    pub const CODE_TTL: SignedDuration = SignedDuration::from_secs(60);

    /// Sign-ins with the providers of `settings`. No provider is asked for anything before the first sign-in.
    pub fn new(
        settings: Vec<ProviderSettings>,
        logins: Arc<dyn ProviderLogins>,
        outbound: Outbound,
    ) -> Self {
        let provider =
            |settings: ProviderSettings| (settings.name.clone(), Provider::new(settings));
        Self { providers: settings.into_iter().map(provider).collect(), logins, outbound }
    }

    /// Whether there is a provider of this name.
    #[must_use]
    pub fn knows(&self, provider: &str) -> bool {
        self.providers.contains_key(provider)
    }
}

impl std::fmt::Debug for SignIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIns").field("providers", &self.providers.keys()).finish_non_exhaustive()
    }
}
