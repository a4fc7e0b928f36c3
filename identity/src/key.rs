//! Ed25519 keys.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{self, AlgorithmParameters, ThumbprintHash},
};

use crate::claims::ALGORITHM;

/// What stands before the 32 bytes of an Ed25519 private key in PKCS#8 (RFC 8410 section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A private key with its public half. `Debug` shows the id only.
#[derive(Clone)]
pub struct KeyPair {
    pub(crate) pem: String,
    pub(crate) encoding: EncodingKey,
    public: PublicKey,
}

/// The public half of a key pair: all that is needed to check a token.
#[derive(Clone)]
pub struct PublicKey {
    id: String,
    /// The key itself, in base64url.
    x: String,
    pub(crate) decoding: DecodingKey,
}

impl KeyPair {
    /// The key pair that follows from 32 random bytes, which the caller takes from the operating
    /// system.
    ///
    /// # Errors
    /// None that can be provoked: every 32 bytes are a key.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, InvalidKey> {
        let mut der = PKCS8_PREFIX.to_vec();
        der.extend_from_slice(seed);
        let body = STANDARD.encode(der);
        Self::from_pem(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"))
    }

    /// The key pair that a PKCS#8 PEM text holds, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// [`InvalidKey`] where the text is anything else.
    pub fn from_pem(pem: String) -> Result<Self, InvalidKey> {
        let encoding = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(|_| InvalidKey)?;
        let public = PublicKey::of(&encoding)?;
        Ok(Self { pem, encoding, public })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

/// Bytes or a text that hold no Ed25519 private key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an Ed25519 private key in PKCS#8 PEM")]
pub struct InvalidKey;

impl PublicKey {
    fn of(private: &EncodingKey) -> Result<Self, InvalidKey> {
        let jwk = jwk::Jwk::from_encoding_key(private, Algorithm::EdDSA).map_err(|_| InvalidKey)?;
        let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else {
            return Err(InvalidKey);
        };
        Ok(Self {
            id: jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| InvalidKey)?,
            x: pair.x.clone(),
            decoding: DecodingKey::from_ed_components(&pair.x).map_err(|_| InvalidKey)?,
        })
    }

    /// The key's id (`kid`): its JWK thumbprint (RFC 7638, RFC 8037 appendix A.3).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key as others read it.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        let (kid, x) = (self.id.clone(), self.x.clone());
        Jwk { kty: "OKP", crv: "Ed25519", alg: ALGORITHM, usage: "sig", kid, x }
    }
}

/// A public key as a JWK (RFC 7517, RFC 8037 section 2).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("id", &self.public.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> KeyPair {
        KeyPair::from_seed(&[1; 32]).unwrap()
    }

    #[test]
    fn the_key_of_rfc_8037_has_the_id_that_the_rfc_computes() {
        // Appendices A.1 and A.3.
        let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        let seed: [u8; 32] = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(seed)
            .unwrap()
            .try_into()
            .unwrap();
        let key = KeyPair::from_seed(&seed).unwrap();
        assert_eq!(key.public().id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_key_in_the_debug_output_is_an_id_only() {
        let shown = format!("{:?}", key());
        assert!(shown.contains(key().public().id()));
        assert!(!shown.contains(&STANDARD.encode([1; 32])[..20]) && !shown.contains("BEGIN"));
    }
}
