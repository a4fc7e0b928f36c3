//! Making tokens.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, encode};

use crate::{
    Credential, Identity, KeyRing, Realm, Scopes,
    claims::{Claims, TOKEN_TYPE},
};

/// Why no token could be made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// There is no key whose time it is.
    #[error("no key may sign tokens now")]
    NoKey,
    /// Tokens are made of tokens' identities only.
    #[error("this is not who an access token speaks for")]
    NotAToken,
    /// The time it would expire cannot be written down.
    #[error("a token cannot live that long")]
    TooLong,
    /// The key or the library refused.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Signs tokens for one realm with the key whose time it is.
#[derive(Debug, Clone)]
pub struct Signer {
    realm: Realm,
    keys: KeyRing,
}

impl Signer {
    /// Who asks for tokens: nobody but Cinelog itself.
    const CLIENT_ID: &'static str = "cinelog";

    /// A signer for `realm`.
    #[must_use]
    pub fn new(realm: Realm, keys: impl Into<KeyRing>) -> Self {
        Self { realm, keys: keys.into() }
    }

    /// What tokens say of who made them (`iss`).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.realm.issuer
    }

    /// A token for `identity`, valid from `now` for `lifetime`, counted in whole seconds.
    ///
    /// # Errors
    /// [`SignError`] where `lifetime` reaches beyond what a [`Timestamp`] can hold, where no key may sign,
    /// and where `identity` is not that of an access token.
    pub fn issue(
        &self,
        identity: &Identity,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<String, SignError> {
        let expires = now.checked_add(lifetime).map_err(|_| SignError::TooLong)?;
        let key = self.keys.signing(now).ok_or(SignError::NoKey)?;
        let Credential::AccessToken { id, session } = identity.credential else {
            return Err(SignError::NotAToken);
        };
        let claims = Claims {
            iss: &self.realm.issuer,
            aud: &self.realm.audience,
            sub: identity.account,
            client_id: Self::CLIENT_ID,
            roles: [identity.role.as_str()],
            scope: identity.scopes.and(Scopes::of(identity.role)).to_string(),
            jti: id,
            sid: session,
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: expires.as_second(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(key.public().id().to_owned());
        Ok(encode(&header, &claims, &key.encoding)?)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{KeyPair, Role};

    #[test]
    fn a_life_beyond_all_time_is_refused() {
        let realm = Realm { issuer: "i".to_owned(), audience: "a".to_owned() };
        let signer = Signer::new(realm, KeyPair::from_seed(&[1; 32]).unwrap());
        let identity = Identity::by_token(Uuid::nil(), Role::Viewer, Uuid::nil());
        let forever = signer.issue(&identity, Timestamp::UNIX_EPOCH, Duration::MAX);
        assert!(matches!(forever, Err(SignError::TooLong)));
    }
}
