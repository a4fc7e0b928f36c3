//! Checking tokens.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, errors::ErrorKind};
use uuid::Uuid;

use crate::{
    Credential, Identity, KeyRing, Realm, Role, Scopes,
    believed::{Believed, BelievedTokens, Lifetime},
    claims::{ALGORITHM, ReadClaims, ReadHeader, TOKEN_TYPE},
};

/// Why a token is not believed. Each reason has its own variant; none repeats what the token says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a JWT in compact form, or longer than one of ours can be.
    #[error("the token is malformed")]
    Malformed,
    /// It is signed in another way than with EdDSA, or not at all (`alg`).
    #[error("the token is not signed with {ALGORITHM}")]
    Algorithm,
    /// It is another issuer's, and not signed in the way of its key (`alg`).
    #[error("the token is not signed in the way of its issuer's key")]
    OthersAlgorithm,
    /// It is not an access token (`typ`).
    #[error("the token is not of type {TOKEN_TYPE}")]
    Type,
    /// It demands that its reader understands something that this one does not (`crit`).
    #[error("the token has critical extensions")]
    Critical,
    /// It is signed with a key that is not trusted here (`kid`).
    #[error("the token's key is not known here")]
    Key,
    /// The time of its key is over (`kid`).
    #[error("the token's key has been retired")]
    KeyRetired,
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    Signature,
    /// Someone else made it (`iss`).
    #[error("the token comes from another issuer")]
    Issuer,
    /// It is meant for someone else (`aud`).
    #[error("the token is meant for another audience")]
    Audience,
    /// Its time is over (`exp`).
    #[error("the token has expired")]
    Expired,
    /// Its time has not come (`nbf`).
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It names no account (`sub`).
    #[error("the token names no account")]
    Account,
    /// It names no role that exists (`roles`).
    #[error("the token names no role that exists")]
    Role,
    /// It has no id (`jti`).
    #[error("the token has no id")]
    Id,
    /// The session that it belongs to has ended, or its account has ended all of them.
    #[error("the token has been revoked")]
    Revoked,
    /// It is a refresh token: that is shown to `/v1/token`, and nowhere else.
    #[error("this is a refresh token, not an access token")]
    RefreshToken,
    /// It begins like a key for machines, and is none, or not whole.
    #[error("the API key is not whole: its checksum is wrong")]
    KeyMalformed,
    /// There is no such key for machines, or no more.
    #[error("the API key is not known here, or has been revoked")]
    UnknownKey,
    /// The time of the key for machines is over.
    #[error("the API key has expired")]
    ExpiredKey,
    /// The account of the key for machines may not be used.
    #[error("the account may not be used")]
    AccountRefused,
    /// So many keys for machines are looked up at the moment that no more wait for it.
    #[error("too many API keys are looked up at the moment")]
    Busy,
    /// Whether it is to be believed cannot be found out now, for this reason: nobody's fault but ours.
    #[error("the token cannot be checked now")]
    Unavailable(String),
}

/// Checks tokens of one realm against the keys that are trusted: one, or several while a new key takes
/// over from an old one, which may happen at any time. The signature of a token that comes again and again is checked once; its times
/// are checked each time.
#[derive(Debug, Clone)]
pub struct Verifier {
    realm: Realm,
    keys: KeyRing,
    believed: BelievedTokens,
}

impl Verifier {
    /// The longest token that is looked at, in bytes; ours have about 500.
    pub const TOKEN_BYTES_MAX: usize = 4096;

    /// How far the clock of the machine that made a token may run ahead of this one, in seconds.
    /// Nothing is added at the other end: an expired token is expired.
    pub const EARLY_SECONDS_MAX: i64 = 30;

    /// A verifier for `realm` that trusts `keys`.
    pub fn new(realm: Realm, keys: impl Into<KeyRing>) -> Self {
        Self { realm, keys: keys.into(), believed: BelievedTokens::default() }
    }

    /// Who `token` speaks for, if it is to be believed at `now`.
    ///
    /// # Errors
    /// [`TokenError`], the first reason that is found. The claims are looked at only once the
    /// signature is known to be right.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        self.verified(token, now).map(|believed| believed.identity)
    }

    /// The same, with what else is known of it.
    pub(crate) fn verified(&self, token: &str, now: Timestamp) -> Result<Believed, TokenError> {
        if token.len() > Self::TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let fingerprint = BelievedTokens::fingerprint(token);
        if let Some(believed) = self.believed.get(&fingerprint) {
            self.keys.trusted(&believed.key, now)?;
            believed.lifetime.includes(now)?;
            return Ok(believed);
        }
        let (key, claims) = self.believe(token, now)?;
        self.check_parties(&claims)?;
        let lifetime = Lifetime { not_before: claims.nbf, expires: claims.exp };
        lifetime.includes(now)?;
        let identity = identify(&claims)?;
        let made_at = made_at(&claims, &identity);
        let believed = Believed { identity, made_at, lifetime, key };
        self.believed.insert(fingerprint, believed.clone());
        Ok(believed)
    }

    /// Whether tokens that the key with this id has signed are believed at `now`, as far as the key is concerned.
    pub(crate) fn trusts(&self, key: &str, now: Timestamp) -> Result<(), TokenError> {
        self.keys.trusted(key, now).map(drop)
    }

    /// The claims of a token that a trusted key has signed.
    fn believe(&self, token: &str, now: Timestamp) -> Result<(Arc<str>, ReadClaims), TokenError> {
        let header = read_header(token)?;
        if header.alg != ALGORITHM {
            return Err(TokenError::Algorithm);
        }
        // RFC 9068 section 4: the type may be written with or without `application/`.
        let typ = header.typ.unwrap_or_default().to_ascii_lowercase();
        if typ.strip_prefix("application/").unwrap_or(&typ) != TOKEN_TYPE {
            return Err(TokenError::Type);
        }
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        let key = self.keys.trusted(&header.kid.ok_or(TokenError::Key)?, now)?;
        match decode(token, &key.decoding, &signature_only()) {
            Ok(token) => Ok((key.id().into(), token.claims)),
            Err(error) if *error.kind() == ErrorKind::InvalidSignature => {
                Err(TokenError::Signature)
            }
            Err(_) => Err(TokenError::Malformed),
        }
    }

    /// Who made it, and for whom.
    fn check_parties(&self, claims: &ReadClaims) -> Result<(), TokenError> {
        if claims.iss.as_deref() != Some(&self.realm.issuer) {
            return Err(TokenError::Issuer);
        }
        if !claims.aud.as_ref().is_some_and(|aud| aud.includes(&self.realm.audience)) {
            return Err(TokenError::Audience);
        }
        Ok(())
    }
}

impl Lifetime {
    pub(crate) fn includes(&self, now: Timestamp) -> Result<(), TokenError> {
        // Seconds since 1970 are exact in a double for millions of years.
        let now = now.as_second() as f64;
        if self.expires.is_none_or(|expires| expires <= now) {
            return Err(TokenError::Expired);
        }
        let early = Verifier::EARLY_SECONDS_MAX as f64;
        if self.not_before.is_some_and(|begins| begins > now + early) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}

pub(crate) fn read_header(token: &str) -> Result<ReadHeader, TokenError> {
    if token.split('.').count() != 3 {
        return Err(TokenError::Malformed);
    }
    let header = token.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

/// When a token was made. Its id says it to the millisecond (RFC 9562 section 5.7), `iat` to the second only:
/// a token made right after all others were revoked is not one of those.
fn made_at(claims: &ReadClaims, identity: &Identity) -> Timestamp {
    let by_id = match identity.credential {
        Credential::AccessToken { id, .. } => id.get_timestamp().map(|time| time.to_unix()),
        Credential::ApiKey { .. } | Credential::External => None,
    };
    let by_id = by_id.and_then(|(seconds, nanoseconds)| {
        Timestamp::new(seconds.cast_signed(), nanoseconds.cast_signed()).ok()
    });
    #[expect(clippy::cast_possible_truncation, reason = "what is beyond all time is the end of it")]
    let by_claim = || claims.iat.and_then(|iat| Timestamp::from_second(iat as i64).ok());
    by_id.or_else(by_claim).unwrap_or(Timestamp::MIN)
}

/// What the library is left to check. It would ask the system for the time, so times are checked here.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// Where a token names several roles, the most powerful counts; names of other systems' roles do not.
fn identify(claims: &ReadClaims) -> Result<Identity, TokenError> {
    let uuid = |text: &String| text.parse::<Uuid>().ok();
    let account = claims.sub.as_ref().and_then(uuid).ok_or(TokenError::Account)?;
    let roles = claims.roles.iter().filter_map(|role| role.parse::<Role>().ok());
    let role = roles.max().ok_or(TokenError::Role)?;
    let id = claims.jti.as_ref().and_then(uuid).ok_or(TokenError::Id)?;
    let session = match &claims.sid {
        Some(session) => Some(uuid(session).ok_or(TokenError::Malformed)?),
        None => None,
    };
    let scopes = claims.scope.as_deref().map_or_else(Scopes::all, Scopes::parse_lenient);
    let credential = Credential::AccessToken { id, session };
    Ok(Identity { account, role, scopes: scopes.and(Scopes::of(role)), credential })
}

#[cfg(test)]
mod tests;
