//! Why it is not known who came back from a provider.

use crate::oidc::kept::Unavailable;

/// Why it is not known who came back. Shows no secret: it is logged.
#[derive(Debug, thiserror::Error)]
pub(in crate::oidc) enum NotBelieved {
    #[error("the provider does not answer")]
    Unavailable,
    #[error("the answer is not from this provider (iss)")]
    Issuer,
    #[error("the provider refuses the code ({0})")]
    Code(String),
    #[error("the provider's answer cannot be read: {0}")]
    Answer(String),
    #[error("the ID token is not believed: {0}")]
    IdToken(String),
}

impl From<Unavailable> for NotBelieved {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// An error of the library with its causes. They tell of connections and forms, never of secrets.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
