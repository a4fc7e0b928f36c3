//! Finding out who is calling, by whatever credential was shown.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    Identity, RevocationList, TokenError, Verifier,
    api_keys::{ApiKeys, KnownKeys},
    oidc::TrustedIssuers,
    sessions,
};

/// Says who a credential speaks for: one for all of a server.
#[derive(Debug)]
pub struct Authenticator {
    verifier: Verifier,
    revocations: Arc<RevocationList>,
    keys: Option<KnownKeys>,
    trusted: Option<TrustedIssuers>,
}

impl Authenticator {
    /// One that believes the tokens which `verifier` does, and nothing else.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, revocations: Arc::default(), keys: None, trusted: None }
    }

    /// The same, that believes no token which is revoked.
    #[must_use]
    pub fn unless_revoked(self, revocations: Arc<RevocationList>) -> Self {
        Self { revocations, ..self }
    }

    /// The same, that believes keys for machines too.
    #[must_use]
    pub fn with_api_keys(self, keys: Arc<dyn ApiKeys>) -> Self {
        Self { keys: Some(KnownKeys::new(keys)), ..self }
    }

    /// The same, that believes tokens of other issuers too.
    #[must_use]
    pub fn with_trusted_issuers(self, trusted: TrustedIssuers) -> Self {
        Self { trusted: Some(trusted), ..self }
    }

    /// Whether a credential is one that the store must be asked about, and that anybody may have made up.
    #[must_use]
    pub fn is_strange(&self, credential: &str) -> bool {
        let keys = self.keys.as_ref().filter(|_| KnownKeys::is_one(credential));
        keys.is_some_and(|keys| keys.is_strange(credential))
    }

    /// Who `credential` speaks for, if it is to be believed at `now`: what stands behind `Bearer`.
    ///
    /// # Errors
    /// [`TokenError`], the first reason that is found.
    pub async fn authenticate(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        if let Some(trusted) = &self.trusted
            && let Some(answer) = trusted.authenticate(credential, now).await
        {
            return answer;
        }
        if credential.len() > Verifier::TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        if KnownKeys::is_one(credential) {
            let keys = self.keys.as_ref().ok_or(TokenError::UnknownKey)?;
            return keys.identify(credential, &self.revocations, now).await;
        }
        if credential.starts_with(sessions::PREFIX) {
            return Err(TokenError::RefreshToken);
        }
        let believed = self.verifier.verified(credential, now)?;
        self.revocations.check(&believed.identity, believed.made_at)?;
        Ok(believed.identity)
    }
}

impl From<Verifier> for Authenticator {
    fn from(verifier: Verifier) -> Self {
        Self::new(verifier)
    }
}
