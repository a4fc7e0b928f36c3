//! Making tokens.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, encode};

use crate::{
    Identity, KeyPair, Realm,
    claims::{Claims, TOKEN_TYPE},
};

/// Why no token could be made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The time it would expire cannot be written down.
    #[error("a token cannot live that long")]
    TooLong,
    /// The key or the library refused.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Signs tokens for one realm with one key.
#[derive(Debug, Clone)]
pub struct Signer {
    realm: Realm,
    key: KeyPair,
}

impl Signer {
    /// Who asks for tokens: nobody but Cinelog itself so far.
    const CLIENT_ID: &'static str = "cinelog";

    /// A signer for `realm`.
    #[must_use]
    pub fn new(realm: Realm, key: KeyPair) -> Self {
        Self { realm, key }
    }

    /// A token for `identity`, valid from `now` for `lifetime`, counted in whole seconds.
    ///
    /// # Errors
    /// [`SignError`] where `lifetime` reaches beyond what a [`Timestamp`] can hold.
    pub fn issue(
        &self,
        identity: &Identity,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<String, SignError> {
        let expires = now.checked_add(lifetime).map_err(|_| SignError::TooLong)?;
        let claims = Claims {
            iss: &self.realm.issuer,
            aud: &self.realm.audience,
            sub: identity.account,
            client_id: Self::CLIENT_ID,
            roles: [identity.role.as_str()],
            jti: identity.token_id,
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: expires.as_second(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(self.key.public().id().to_owned());
        Ok(encode(&header, &claims, &self.key.encoding)?)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Role;

    #[test]
    fn a_life_beyond_all_time_is_refused() {
        let realm = Realm { issuer: "i".to_owned(), audience: "a".to_owned() };
        let signer = Signer::new(realm, KeyPair::from_seed(&[1; 32]).unwrap());
        let identity = Identity { account: Uuid::nil(), role: Role::Viewer, token_id: Uuid::nil() };
        let forever = signer.issue(&identity, Timestamp::UNIX_EPOCH, Duration::MAX);
        assert!(matches!(forever, Err(SignError::TooLong)));
    }
}
