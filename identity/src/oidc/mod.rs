//! OpenID Connect: signing in with an account at somebody else's (Google, Okta, …), and access tokens that
//! somebody else made.
//!
//! [`SignIns`] is the relying party: it sends a browser to a provider and believes what comes back, if it is
//! what was asked for. [`TrustedIssuers`] is the resource server: it believes access tokens that an issuer
//! signed. Both ask providers by [`Outbound`]. What is kept of a sign-in, and whose account it is, is behind
//! the port [`ProviderLogins`].
//!
//! Knows nothing of HTTP servers; time and random bytes come in as values.

mod claim;
mod foreign_token;
mod issuer_keys;
mod kept;
mod logins;
mod outbound;
mod provider;
mod provider_claims;
mod return_to;
mod secrets;
mod sign_in;
mod trusted;

pub(crate) use logins::end_codes;
pub use logins::{
    NewLink, NewSignInCode, PendingLogin, ProviderLogins, ProviderUser, Resolved, SignInCode,
    Subject,
};
pub use outbound::{Outbound, OutboundError, is_safe_url};
pub use provider::{ProviderSettings, SecretIn};
pub use return_to::{APP_STATE_CHARS_MAX, is_app_state, with_parameters};
pub use secrets::{challenge_of, fingerprint};
pub use sign_in::{
    App, Begin, BeginError, Begun, Callback, FinishError, FinishReason, Finished, LoginSecrets,
    SaidNo, SignIns,
};
pub use trusted::{TrustedIssuerSettings, TrustedIssuers};
