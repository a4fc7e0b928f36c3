//! Signing what leaves this process and comes back: cursors, and answers that nodes share.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

/// How many bytes of a signature are kept. A forger would have to guess 128 bits.
pub(crate) const SIGNATURE_BYTES: usize = 16;

/// Signs with a key. Each purpose starts with words of its own, so that no signature serves for another.
pub(crate) type Signer = Hmac<Sha256>;

/// A signer with this key.
pub(crate) fn signer(key: &[u8; 32]) -> Signer {
    // A key that is shorter than a block is filled up with zeros (RFC 2104 section 2).
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    <Signer as KeyInit>::new(&block.into())
}
