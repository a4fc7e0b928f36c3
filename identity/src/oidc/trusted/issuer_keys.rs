//! The keys of an issuer of access tokens, fetched from where its description says that they are.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse, ThumbprintHash},
};
use openidconnect::http::{Method, Request, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};

use crate::oidc::outbound::{Outbound, OutboundError};

/// How many keys of an issuer are looked at.
const KEYS_MAX: usize = 64;

/// The shortest RSA modulus that is accepted, in bytes (RFC 7518 section 3.3).
const RSA_BYTES_MIN: usize = 256;

/// Why there are no keys. Shows no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    #[error("{url}: {error}")]
    Unreachable { url: String, error: OutboundError },
    #[error("{url} answers {status}")]
    Status { url: String, status: StatusCode },
    #[error("{url} is neither a description (RFC 8414) nor a set of keys (RFC 7517): {error}")]
    Form { url: String, error: serde_json::Error },
    #[error("{url} describes another issuer")]
    Issuer { url: String },
}

/// The keys of an issuer, by their ids. None is symmetric.
#[derive(Debug, Default)]
pub(super) struct IssuerKeys {
    by_id: HashMap<String, IssuerKey>,
    fingerprints: HashSet<Arc<str>>,
}

/// A key, and the one algorithm that it signs with. The algorithm that a token names is compared with this one,
/// never followed.
#[derive(Debug)]
pub(super) struct IssuerKey {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    /// Names the key by its algorithm and thumbprint (RFC 7638). An id may come to stand for another key; this
    /// cannot.
    pub(super) fingerprint: Arc<str>,
}

/// What is read of an issuer's description (OpenID Connect Discovery 1.0 section 3).
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl IssuerKeys {
    /// Asks the issuer, by discovery.
    pub(super) async fn fetch(outbound: &Outbound, issuer: &str) -> Result<Self, KeysError> {
        let outbound = &outbound.on_behalf_of(issuer);
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let description: Description = get(outbound, &url).await?;
        if description.issuer != issuer {
            return Err(KeysError::Issuer { url });
        }
        let set: KeySet = get(outbound, &description.jwks_uri).await?;
        Ok(Self::of(set))
    }

    /// The keys that can be used. Others are for other purposes, or of kinds that are not known here.
    fn of(set: KeySet) -> Self {
        let mut keys = Self::default();
        for value in set.keys.into_iter().take(KEYS_MAX) {
            let Some((id, key)) = read(value) else { continue };
            keys.fingerprints.insert(Arc::clone(&key.fingerprint));
            keys.by_id.insert(id, key);
        }
        keys
    }

    pub(super) fn get(&self, id: &str) -> Option<&IssuerKey> {
        self.by_id.get(id)
    }

    /// Whether the key of this fingerprint is still among them.
    pub(super) fn has(&self, fingerprint: &str) -> bool {
        self.fingerprints.contains(fingerprint)
    }
}

async fn get<T: DeserializeOwned>(outbound: &Outbound, url: &str) -> Result<T, KeysError> {
    let unreachable = |error| KeysError::Unreachable { url: url.to_owned(), error };
    let request = Request::builder()
        .method(Method::GET)
        .uri(url)
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| unreachable(OutboundError::Failed(error.to_string())))?;
    let response = outbound.send(request).await.map_err(unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(KeysError::Status { url: url.to_owned(), status: response.status() });
    }
    serde_json::from_slice(response.body())
        .map_err(|error| KeysError::Form { url: url.to_owned(), error })
}

fn read(value: serde_json::Value) -> Option<(String, IssuerKey)> {
    let key: Jwk = serde_json::from_value(value).ok()?;
    if key.common.public_key_use.as_ref().is_some_and(|used| *used != PublicKeyUse::Signature) {
        return None;
    }
    let id = key.common.key_id.clone()?;
    let algorithm = algorithm_of(&key)?;
    let thumbprint = key.thumbprint(ThumbprintHash::SHA256).ok()?;
    let fingerprint = format!("{algorithm:?} {thumbprint}").into();
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    Some((id, IssuerKey { algorithm, decoding, fingerprint }))
}

/// The one algorithm of a key: the one that its issuer names, if such a key can sign with it; if it names none,
/// the usual one of such keys. `None`: the key is not accepted; a secret that signer and reader share never is.
fn algorithm_of(key: &Jwk) -> Option<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let fitting: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(rsa) if is_long_enough(&rsa.n) => {
            &[RS256, RS384, RS512, PS256, PS384, PS512]
        }
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => &[ES256],
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P384 => &[ES384],
        AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => return None,
    };
    match key.common.key_algorithm {
        None => fitting.first().copied(),
        Some(said) => {
            let said = said.to_string().parse::<Algorithm>().ok()?;
            fitting.contains(&said).then_some(said)
        }
    }
}

/// Whether a modulus in base64 is long enough: four characters stand for three bytes.
fn is_long_enough(modulus: &str) -> bool {
    modulus.trim_end_matches('=').len() * 3 / 4 >= RSA_BYTES_MIN
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn keys(values: serde_json::Value) -> IssuerKeys {
        IssuerKeys::of(serde_json::from_value(json!({ "keys": values })).unwrap())
    }

    #[test]
    fn a_key_signs_in_one_way() {
        let n = format!("{}w", "x".repeat(341));
        let keys = keys(json!([
            {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "ed"},
            {"kty": "RSA", "n": n, "e": "AQAB", "kid": "rsa"},
            {"kty": "RSA", "n": n, "e": "AQAB", "kid": "pss", "alg": "PS384", "use": "sig"},
        ]));
        let of = |id| keys.get(id).map(|key| key.algorithm);
        assert_eq!(of("ed"), Some(Algorithm::EdDSA));
        assert_eq!(of("rsa"), Some(Algorithm::RS256));
        assert_eq!(of("pss"), Some(Algorithm::PS384));
    }

    #[test]
    fn shared_secrets_and_weak_or_misused_keys_are_none() {
        let n = format!("{}w", "x".repeat(341));
        let keys = keys(json!([
            {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"},
            {"kty": "RSA", "n": "x".repeat(171), "e": "AQAB", "kid": "short"},
            {"kty": "RSA", "n": n, "e": "AQAB", "kid": "confused", "alg": "HS256"},
            {"kty": "RSA", "n": n, "e": "AQAB", "kid": "for-encryption", "use": "enc"},
            {"kty": "RSA", "n": n, "e": "AQAB"},
            {"kty": "EC", "crv": "P-521", "x": X, "y": X, "kid": "other-curve"},
            {"kty": "new", "kid": "new"},
            "nonsense",
        ]));
        assert!(keys.by_id.is_empty(), "{:?}", keys.by_id.keys());
    }
}
