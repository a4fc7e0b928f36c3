//! Whether an ID token is believed (OpenID Connect Core 1.0 section 3.1.3.7).

use chrono::{DateTime, TimeDelta, Utc};
use jiff::Timestamp;
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, ClientId, Nonce, OAuth2TokenResponse,
    SignatureVerificationError,
    core::{
        CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
        CoreTokenResponse,
    },
};

use super::{claims::Said, description::Description};

/// How far the provider's clock may run ahead of this one, in seconds.
const EARLY_SECONDS_MAX: i64 = 60;

/// How an ID token may be signed: with a key that only the provider has. Never with a secret that both sides
/// know, and never not at all.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What an ID token has to agree with.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    /// The nonce of the sign-in that it answers.
    pub(super) nonce: &'a Nonce,
    pub(super) now: Timestamp,
}

/// Why an ID token is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Doubt {
    #[error("its key is not known")]
    UnknownKey,
    #[error("it was issued to another client (azp)")]
    Party,
    #[error("the access token is not the one that came with it (at_hash)")]
    Hash,
    #[error("there is no such time")]
    Time,
    #[error("{0}")]
    Other(&'static str),
}

impl Doubt {
    /// What the library says may repeat the token: only the kind is kept.
    fn of(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as E;
        Self::Other(match error {
            E::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                return Self::UnknownKey;
            }
            E::SignatureVerification(_) => "its signature is wrong",
            E::Expired(_) => "its time is over, or has not come",
            E::InvalidAudience(_) => "it is meant for another client (aud)",
            E::InvalidIssuer(_) => "it comes from another issuer (iss)",
            E::InvalidNonce(_) => "it belongs to another sign-in (nonce)",
            _ => "it is not as it should be",
        })
    }
}

/// What the ID token says of somebody, if it is to be believed. `answer` is what it came in.
pub(super) fn check(
    token: &CoreIdToken,
    answer: &CoreTokenResponse,
    description: &Description,
    expected: &Expected<'_>,
) -> Result<Said, Doubt> {
    let verifier = verifier(description, expected)?;
    let claims = token.claims(&verifier, expected.nonce).map_err(Doubt::of)?;
    check_party(claims, expected.client_id)?;
    if let Some(hash) = claims.access_token_hash() {
        let algorithm = token.signing_alg().map_err(|_| Doubt::Hash)?;
        let key = token.signing_key(&verifier).map_err(|_| Doubt::Hash)?;
        let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
        if actual.map_err(|_| Doubt::Hash)? != *hash {
            return Err(Doubt::Hash);
        }
    }
    Ok(Said::in_id_token(claims))
}

/// The library's verifier. It is that of a public client, which knows no client secret, so that no token can be
/// signed with that.
fn verifier(
    description: &Description,
    expected: &Expected<'_>,
) -> Result<CoreIdTokenVerifier<'static>, Doubt> {
    let now = DateTime::<Utc>::from_timestamp(expected.now.as_second(), 0).ok_or(Doubt::Time)?;
    let latest = now + TimeDelta::seconds(EARLY_SECONDS_MAX);
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(expected.client_id.to_owned()),
        description.issuer().clone(),
        description.jwks().clone(),
    );
    Ok(verifier.set_allowed_algs(ALGORITHMS).set_time_fn(move || now).set_issue_time_verifier_fn(
        move |issued| {
            if issued <= latest { Ok(()) } else { Err("it comes from the future".to_owned()) }
        },
    ))
}

/// The library leaves this to its users: a token that says whom it was issued to (`azp`) must say that it was us.
fn check_party(claims: &CoreIdTokenClaims, client_id: &str) -> Result<(), Doubt> {
    match claims.authorized_party() {
        Some(party) if party.as_str() != client_id => Err(Doubt::Party),
        _ => Ok(()),
    }
}
