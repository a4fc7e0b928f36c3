//! Finding out who is calling, by whatever credential was shown.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Credential, Identity, Ports, Recollection, RevocationList, TokenError, Verifier,
    accounts::still_holds,
    api_keys::{ApiKeys, KnownKeys},
    oidc::TrustedIssuers,
    recollection::Signed,
    sessions,
    store::StoreError,
};

/// Says who a credential speaks for: one for all of a server.
#[derive(Debug)]
pub struct Authenticator {
    verifier: Verifier,
    revocations: Arc<RevocationList>,
    keys: Option<KnownKeys>,
    trusted: Option<TrustedIssuers>,
    store: Option<Ports>,
}

impl Authenticator {
    /// One that believes the tokens which `verifier` does, and nothing else.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, revocations: Arc::default(), keys: None, trusted: None, store: None }
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

    /// The same, that believes the keys for machines of a store, and recalls nobody whom that does not know.
    #[must_use]
    pub fn with_store(self, store: Ports) -> Self {
        let keys = Arc::clone(&store.api_keys);
        Self { store: Some(store), ..self.with_api_keys(keys) }
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
        Ok(self.believe(credential, now).await?.identity)
    }

    /// The same, with what there is to keep of it for [`recall`](Self::recall).
    ///
    /// # Errors
    /// As above.
    pub async fn believe(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> Result<Recollection, TokenError> {
        if let Some(trusted) = &self.trusted
            && let Some(answer) = trusted.authenticate(credential, now).await
        {
            return answer.map(Recollection::from);
        }
        if credential.len() > Verifier::TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        if KnownKeys::is_one(credential) {
            let keys = self.keys.as_ref().ok_or(TokenError::UnknownKey)?;
            let identity = keys.identify(credential, &self.revocations, now).await?;
            return Ok(identity.into());
        }
        if credential.starts_with(sessions::PREFIX) {
            return Err(TokenError::RefreshToken);
        }
        let believed = self.verifier.verified(credential, now)?;
        self.revocations.check(&believed.identity, believed.made_at)?;
        let signed = Signed { at: believed.made_at, by: believed.key };
        Ok(Recollection { identity: believed.identity, signed: Some(signed) })
    }

    /// Whether a credential that was believed once would still be at `now`, but for the end that a token has; and
    /// who it speaks for. The store is asked each time: what was revoked while nobody asked may be forgotten where
    /// revocations are kept, but a session that was ended is gone, and an account has the role that it has. So a
    /// session whose time is over is no more, either.
    ///
    /// Of other issuers' tokens nothing is revoked here, and nothing is asked.
    ///
    /// # Errors
    /// [`TokenError`], the first reason that is found.
    pub async fn recall(&self, of: &Recollection, now: Timestamp) -> Result<Identity, TokenError> {
        let identity = of.identity;
        match identity.credential {
            Credential::ApiKey { id } => {
                let keys = self.keys.as_ref().ok_or(TokenError::UnknownKey)?;
                keys.recall(id, &self.revocations, now).await
            }
            Credential::External if self.trusted.is_none() => Err(TokenError::Issuer),
            Credential::External => Ok(identity),
            Credential::AccessToken { session, .. } => {
                let signed = of.signed.as_ref().ok_or(TokenError::Key)?;
                self.verifier.trusts(&signed.by, now)?;
                self.revocations.check(&identity, signed.at)?;
                self.look_up(&identity, session, now).await?;
                Ok(identity)
            }
        }
    }

    /// Whether a token's account still has what it says, and its session lives.
    async fn look_up(
        &self,
        by: &Identity,
        session: Option<Uuid>,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        let Some(store) = &self.store else { return Ok(()) };
        let unavailable = |error: StoreError| TokenError::Unavailable(error.to_string());
        let account = store.accounts.account(by.account).await.map_err(unavailable)?;
        if !still_holds(by, account.as_ref()) {
            return Err(TokenError::AccountRefused);
        }
        let Some(session) = session else { return Ok(()) };
        let sessions = store.sessions.sessions(by.account, now).await.map_err(unavailable)?;
        match sessions.iter().any(|living| living.id == session) {
            true => Ok(()),
            false => Err(TokenError::Revoked),
        }
    }
}

impl From<Verifier> for Authenticator {
    fn from(verifier: Verifier) -> Self {
        Self::new(verifier)
    }
}
