//! E-mail addresses: read, and compared.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// An address that mail can be sent to. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    written: String,
    key: String,
}

/// A text that is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address of at most {} bytes", EmailAddress::BYTES_MAX)]
pub struct NotAnAddress;

impl EmailAddress {
    /// The longest address (RFC 5321 section 4.5.3.1.3, without the brackets).
    pub const BYTES_MAX: usize = 254;

    /// Reads an address. Whether mail to it reaches somebody, only mail can show.
    ///
    /// # Errors
    /// [`NotAnAddress`].
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        if text.len() > Self::BYTES_MAX || text.chars().any(|c| c.is_control() || c.is_whitespace())
        {
            return Err(NotAnAddress);
        }
        let written: String = text.nfc().collect();
        // What mail is sent with must understand it.
        written.parse::<lettre::Address>().map_err(|_| NotAnAddress)?;
        // Mail is delivered without regard to case, in practice everywhere; two addresses that differ in that
        // alone belong to one person.
        let key = written.to_lowercase();
        Ok(Self { written, key })
    }

    /// As its owner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The form in which addresses are compared.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What tries to log in with it are counted under.
    pub(crate) fn name_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update("cinelog name\0");
        hash.update(&self.key);
        hash.finalize().into()
    }
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_written_and_compared_without_case() {
        let address = EmailAddress::parse("Ada.Lovelace@Films.Example").unwrap();
        assert_eq!(address.as_str(), "Ada.Lovelace@Films.Example");
        let other = EmailAddress::parse("ada.lovelace@films.example").unwrap();
        assert_eq!((address.key(), address.name_hash()), (other.key(), other.name_hash()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "@films.example",
            "ada@",
            "a b@films.example",
            "ada@x\r\nBcc: y@z",
            "ada@@x",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(NotAnAddress), "{text}");
        }
        let long = format!("{}@films.example", "a".repeat(250));
        assert_eq!(EmailAddress::parse(&long), Err(NotAnAddress));
    }

    #[test]
    fn an_address_is_not_shown() {
        let address = EmailAddress::parse("ada@films.example").unwrap();
        assert!(!format!("{address:?}").contains("ada"));
    }
}
