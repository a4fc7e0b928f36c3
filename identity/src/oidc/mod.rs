//! OpenID Connect: signing in with an account elsewhere (Google, Okta, …), and access tokens that others signed.
//!
//! [`SignIns`] is the relying party: it sends a browser to a provider, and checks what the browser brings back.
//! [`TrustedIssuers`] is the resource server: it believes access tokens that a configured issuer signed. Both
//! send their requests through [`Outbound`]. The port [`ProviderLogins`] keeps sign-ins that have begun, and
//! knows which account belongs to whom.
//!
//! Knows nothing of HTTP servers. Time and random bytes come in as values.

mod kept;
mod logins;
mod outbound;
mod provider;
mod return_to;
mod secrets;
mod sign_in;
mod subject;
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
