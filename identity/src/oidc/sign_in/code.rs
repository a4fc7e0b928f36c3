//! The codes that apps get after a sign-in, and exchange for tokens.

use jiff::Timestamp;
use uuid::Uuid;

use super::{PARAMETER_BYTES_MAX, SignIns};
use crate::{
    oidc::{
        logins::{NewSignInCode, SignInCode},
        secrets::{fingerprint, session_of, text_of},
    },
    store::StoreError,
};

impl SignIns {
    /// A code that an app gets tokens for, if it can meet `challenge`. `secret` is random.
    ///
    /// # Errors
    /// The store's.
    pub async fn give_code(
        &self,
        account: Uuid,
        provider: &str,
        challenge: [u8; 32],
        secret: &[u8; 32],
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let text = text_of(secret);
        let (hash, expires_at) = (fingerprint(&text), now + Self::CODE_TTL);
        let provider = provider.to_owned();
        let code = NewSignInCode { hash, account, provider, challenge, expires_at };
        self.logins.keep_code(&code, now).await?;
        Ok(text)
    }

    /// Who has signed in and with which provider, if `code` is good and `verifier` meets its challenge. In any case
    /// the code is used up. `None`: there is no such code, it was shown before, its time is over, the sessions of its
    /// account were ended since, or the verifier is another one.
    ///
    /// # Errors
    /// The store's.
    pub async fn take_code(
        &self,
        code: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<Option<SignInCode>, StoreError> {
        if code.len() > PARAMETER_BYTES_MAX || verifier.len() > PARAMETER_BYTES_MAX {
            return Ok(None);
        }
        let kept = self.logins.take_code(&fingerprint(code), now).await?;
        Ok(kept.filter(|kept| kept.challenge == fingerprint(verifier)))
    }

    /// The id of the session that a code begins. It follows from the code, so that a code that is shown twice leads
    /// to the session that it began the first time.
    #[must_use]
    pub fn session_of(code: &str) -> Uuid {
        session_of(code)
    }

    /// Whose session a code that is shown again has begun. `None`: it never began one, or that session is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn account_signed_in_by(&self, code: &str) -> Result<Option<Uuid>, StoreError> {
        if code.len() > PARAMETER_BYTES_MAX {
            return Ok(None);
        }
        self.logins.account_of_session(session_of(code)).await
    }
}
