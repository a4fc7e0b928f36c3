//! Who is calling, and what may they do.
//!
//! A caller shows a signed token (a JWT as RFC 9068 has it, signed with Ed25519) that names an
//! account and a role. This room makes such tokens and checks them. It knows nothing of HTTP and has
//! no clock and no random numbers of its own: time, ids and key material come in as values.

pub mod accounts;
pub mod api_keys;
pub mod audit;
mod authenticator;
mod believed;
mod caller;
mod claims;
mod key;
mod key_file;
mod key_ring;
mod key_set;
pub mod lockout;
pub mod mail;
pub mod oidc;
mod opaque;
pub mod passwords;
mod ports;
mod private_file;
mod recollection;
pub mod revocations;
mod role;
mod scope;
pub mod sessions;
mod signer;
pub mod store;
#[cfg(feature = "suite")]
pub mod suite;
mod verifier;

pub use authenticator::Authenticator;
pub use caller::{Credential, Identity};
pub use key::{InvalidKey, Jwk, KeyPair, PublicKey};
pub use key_file::{KeyError, load_keys, replace_keys, save_new_keys};
pub use key_ring::{DatedKey, KeyRing, signing};
pub use key_set::{KEYS_MAX, KeySetError, read_keys, retire, rotate, write_keys};
pub use ports::Ports;
pub use private_file::{replace_private_file, write_new_private_file};
pub use recollection::Recollection;
pub use revocations::RevocationList;
pub use role::{Role, UnknownRole};
pub use scope::{Scope, Scopes, UnknownScope};
pub use signer::{SignError, Signer};
pub use verifier::{TokenError, Verifier};

/// Between whom tokens are valid. Signer and verifier must agree on both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// Who signs the tokens (`iss`), such as `https://films.example`.
    pub issuer: String,
    /// Whom they are for (`aud`), such as `cinelog`.
    pub audience: String,
}
