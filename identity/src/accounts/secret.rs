//! Secrets that people are given to show later: in a mail, once; or on a device. They are kept hashed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// What a secret is good for: none is ever taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that mail reaches its owner.
    Verification,
    /// Allows to set a new password.
    PasswordReset,
}

impl Purpose {
    /// As it is stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// A token that a mail carries.
#[derive(Debug, Clone, Copy)]
pub struct NewToken {
    /// Its hash.
    pub hash: [u8; 32],
    /// What it is good for.
    pub purpose: Purpose,
    /// Until when.
    pub expires_at: Timestamp,
}

/// 32 bytes that nobody can guess, and what is kept of them.
#[derive(Clone)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    const BYTES: usize = 32;

    /// One of several that are drawn from the same random bytes; `label` tells them apart, and none of them
    /// tells another.
    pub(crate) fn draw(random: &[u8; 32], label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update("cinelog draw\0");
        hash.update(label);
        hash.update(random);
        Self(hash.finalize().into())
    }

    /// Reads what somebody shows.
    pub(crate) fn read(text: &str) -> Option<Self> {
        // What is longer than any of ours is not decoded.
        const CHARS: usize = (Secret::BYTES * 4).div_ceil(3);
        let bytes = (text.len() == CHARS).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        bytes.try_into().ok().map(Self)
    }

    /// As its owner gets it: letters, digits, `-` and `_`.
    pub(crate) fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_out_is_known_again() {
        let secret = Secret::draw(&[7; 32], "token");
        let shown = Secret::read(&secret.write()).unwrap();
        assert_eq!(shown.hash(), secret.hash());
    }

    #[test]
    fn secrets_of_one_draw_differ() {
        assert_ne!(Secret::draw(&[7; 32], "token").hash(), Secret::draw(&[7; 32], "device").hash());
    }

    #[test]
    fn what_is_none_is_not_read() {
        let text = Secret::draw(&[7; 32], "token").write();
        for wrong in ["", &text[1..], &format!("{text}="), &text.replace(&text[..1], "+")] {
            assert!(Secret::read(wrong).is_none(), "{wrong}");
        }
    }
}
