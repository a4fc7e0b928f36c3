//! Who is calling, and what may they do.
//!
//! A caller shows a signed token (a JWT as RFC 9068 has it, signed with Ed25519) that names an
//! account and a role. This room makes such tokens and checks them. It knows nothing of HTTP and has
//! no clock and no random numbers of its own: time, ids and key material come in as values.

mod believed;
mod claims;
mod key;
mod key_file;
mod private_file;
mod role;
mod signer;
mod verifier;

pub use key::{InvalidKey, KeyPair, PublicKey};
pub use key_file::KeyError;
pub use private_file::write_new_private_file;
pub use role::{Role, UnknownRole};
pub use signer::{SignError, Signer};
pub use verifier::{TokenError, Verifier};

use uuid::Uuid;

/// Who a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The account: opaque, no personal data (`sub`).
    pub account: Uuid,
    /// What it may do (`roles`).
    pub role: Role,
    /// The token's own id (`jti`).
    pub token_id: Uuid,
}

/// Between whom tokens are valid. Signer and verifier must agree on both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// Who signs the tokens (`iss`), such as `https://films.example`.
    pub issuer: String,
    /// Whom they are for (`aud`), such as `cinelog`.
    pub audience: String,
}
