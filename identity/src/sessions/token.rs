//! Refresh tokens: `cinelog_refresh_{session}_{secret}{checksum}`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::opaque::{Hash, Opaque};

/// What stands before refresh tokens.
pub(crate) const PREFIX: &str = "cinelog_refresh";

/// A refresh token. `Debug` shows the session only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken(Opaque);

impl RefreshToken {
    /// The first token of a session, of 32 random bytes.
    #[must_use]
    pub fn first(session: Uuid, secret: [u8; 32]) -> Self {
        Self(Opaque { id: session, secret })
    }

    /// The token that a text is.
    ///
    /// # Errors
    /// [`NotARefreshToken`] where it is none, or not whole.
    pub fn parse(text: &str) -> Result<Self, NotARefreshToken> {
        Opaque::read(PREFIX, text).map(Self).map_err(|_| NotARefreshToken)
    }

    /// As its owner gets it: the secret itself.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.write(PREFIX)
    }

    /// The session that it says it belongs to.
    #[must_use]
    pub fn session(&self) -> Uuid {
        self.0.id
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> Hash {
        self.0.hash(PREFIX)
    }

    /// The token that follows, for a salt of 32 random bytes: the same each time, so that whoever lost the
    /// answer gets the same one again. To know it takes both this token, which is not stored, and the salt,
    /// which is nowhere else.
    pub(crate) fn successor(&self, salt: &[u8; 32]) -> Self {
        // A block of SHA-256, filled up with zeros, as HMAC itself would.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.0.secret);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(b"cinelog refresh");
        let secret = mac.chain_update(salt).finalize().into_bytes().into();
        Self(Opaque { id: self.0.id, secret })
    }
}

/// A text that is no refresh token, or not a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a refresh token")]
pub struct NotARefreshToken;
