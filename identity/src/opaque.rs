//! Secrets that are shown as they are and mean nothing by themselves: refresh tokens and keys for machines.
//!
//! Both are written `{prefix}_{id}_{secret}{checksum}`, all in hexadecimal: found whole by a double click, by
//! their prefix by whoever looks for secrets that were published (`cinelog_key_[0-9a-f]{32}_[0-9a-f]{72}`),
//! and by the checksum told from what was mistyped or cut off, without asking any store.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::StoreError;

/// What is stored of a secret: nobody can find the secret from it.
pub(crate) type Hash = [u8; 32];

const SECRET_DIGITS: usize = 64;
const CHECKSUM_BYTES: usize = 4;

/// A secret with the id under which it is known.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Opaque {
    pub(crate) id: Uuid,
    pub(crate) secret: [u8; 32],
}

/// A text that is none, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotOne;

impl Opaque {
    /// As its owner gets it.
    pub(crate) fn write(&self, prefix: &str) -> String {
        let mut text = format!("{prefix}_{}_", self.id.simple());
        write_hex(&mut text, &self.secret);
        let checksum = checksum(&text);
        write_hex(&mut text, &checksum);
        text
    }

    /// Reads what [`write`](Self::write) has written, and nothing else.
    pub(crate) fn read(prefix: &str, text: &str) -> Result<Self, NotOne> {
        let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
        let (id, secret) = rest.and_then(|rest| rest.split_once('_')).ok_or(NotOne)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let digits = SECRET_DIGITS + 2 * CHECKSUM_BYTES;
        if id.len() != 32 || secret.len() != digits || !secret.bytes().all(is_digit) {
            return Err(NotOne);
        }
        let read = Self {
            id: id.parse().map_err(|_| NotOne)?,
            secret: read_hex(&secret[..SECRET_DIGITS]).ok_or(NotOne)?,
        };
        // This compares the checksum, and whatever could be written in two ways.
        if read.write(prefix) == text { Ok(read) } else { Err(NotOne) }
    }

    /// What is stored of it. It differs between kinds, so that none is ever taken for another.
    pub(crate) fn hash(&self, prefix: &str) -> Hash {
        let mut hash = Sha256::new();
        hash.update(prefix);
        hash.update(self.id.as_bytes());
        hash.update(self.secret);
        hash.finalize().into()
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opaque").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A hash as a store gave it.
pub(crate) fn hash_of(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::damaged("a hash does not have 32 bytes"))
}

fn checksum(text: &str) -> [u8; CHECKSUM_BYTES] {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(text));
    [a, b, c, d]
}

fn write_hex(into: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(into, "{byte:02x}");
    }
}

fn read_hex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (byte, index) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(index..index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(id: u128, secret: u8) -> Opaque {
        Opaque { id: Uuid::from_u128(id), secret: [secret; 32] }
    }

    #[test]
    fn it_shows_its_kind_its_id_and_nothing_of_the_secret_in_debug_output() {
        let text = one(7, 0xab).write("cinelog_key");
        assert!(text.starts_with("cinelog_key_00000000000000000000000000000007_abab"), "{text}");
        assert_eq!(text.len(), 117);
        assert!(!format!("{:?}", one(7, 0xab)).contains("171"));
    }

    #[test]
    fn one_kind_is_not_read_as_another_nor_stored_alike() {
        let text = one(7, 1).write("cinelog_key");
        assert_eq!(Opaque::read("cinelog_refresh", &text), Err(NotOne));
        assert_ne!(one(7, 1).hash("cinelog_key"), one(7, 1).hash("cinelog_refresh"));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(id: u128, secret: [u8; 32]) {
            let written = Opaque { id: Uuid::from_u128(id), secret };
            prop_assert_eq!(Opaque::read("k", &written.write("k")), Ok(written));
        }

        #[test]
        fn what_was_cut_off_or_mistyped_is_told_without_asking(
            id: u128, secret: [u8; 32], place in any::<prop::sample::Index>(), other in "[ -~é]"
        ) {
            let text = Opaque { id: Uuid::from_u128(id), secret }.write("k");
            let place = place.index(text.len());
            prop_assert_eq!(Opaque::read("k", &text[..place]), Err(NotOne));
            let mut mistyped = text.clone();
            mistyped.replace_range(place..=place, &other);
            prop_assume!(mistyped != text);
            prop_assert_eq!(Opaque::read("k", &mistyped), Err(NotOne));
        }
    }
}
