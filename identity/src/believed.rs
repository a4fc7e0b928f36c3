//! Tokens that were checked lately, so that a signature is checked once and not with each request.
//!
//! What is kept of a token is what its signature vouches for and time does not change. Whether its
//! time has come or is over is asked at each use, and so must be whatever else may change while a
//! token lives, such as a revocation. Tokens that were refused are not kept.

use std::sync::Arc;

use jiff::Timestamp;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::Identity;

/// How many tokens are kept, those that are used least going first: a few hundred bytes each.
const TOKENS_MAX: u64 = 16_384;

/// The fingerprint of a whole token, signature included. Another token with the same one cannot be
/// made, and from it none can be read.
pub(crate) type Fingerprint = [u8; 32];

/// What a signature vouches for.
#[derive(Debug, Clone)]
pub(crate) struct Believed {
    pub(crate) identity: Identity,
    /// When it was made; an account may have refused all tokens up to some time.
    pub(crate) made_at: Timestamp,
    pub(crate) lifetime: Lifetime,
    /// The id of the key that signed it: a key may be retired while a token lives.
    pub(crate) key: Arc<str>,
}

/// The time within which a token is valid, in seconds since 1970; both ends as they stand in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) not_before: Option<f64>,
    pub(crate) expires: Option<f64>,
}

/// The tokens. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct BelievedTokens(Cache<Fingerprint, Believed>);

impl Default for BelievedTokens {
    fn default() -> Self {
        Self(Cache::new(TOKENS_MAX))
    }
}

impl BelievedTokens {
    pub(crate) fn fingerprint(token: &str) -> Fingerprint {
        Sha256::digest(token).into()
    }

    pub(crate) fn get(&self, fingerprint: &Fingerprint) -> Option<Believed> {
        self.0.get(fingerprint)
    }

    pub(crate) fn insert(&self, fingerprint: Fingerprint, believed: Believed) {
        self.0.insert(fingerprint, believed);
    }
}
