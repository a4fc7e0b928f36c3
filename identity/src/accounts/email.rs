//! E-mail addresses: read, and compared.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// An address that mail can be sent to. Never shown by `Debug`.
///
/// Its domain is kept as the DNS knows it (UTS 46, `xn--…`), whichever way it was written: both ways are one
/// person's, any mail server understands it, and one that looks like another shows that it is not. A store that
/// kept a domain in Unicode, as none that was released did, would not find that account by its address any more.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    written: String,
    key: String,
}

/// A text that is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// It does not look like one.
    #[error("must be an e-mail address of at most {} bytes", EmailAddress::BYTES_MAX)]
    Malformed,
    /// What stands behind the `@` is no domain.
    #[error("must have a domain behind the `@`, such as films.example or bücher.example")]
    Domain,
}

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
            return Err(NotAnAddress::Malformed);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress::Malformed)?;
        let written = format!("{}@{}", local.nfc(), ascii(domain).ok_or(NotAnAddress::Domain)?);
        // What mail is sent with must understand it.
        let is_address = written.parse::<lettre::Address>().is_ok();
        if !is_address || written.len() > Self::BYTES_MAX {
            return Err(NotAnAddress::Malformed);
        }
        // Mail is delivered without regard to case, in practice everywhere; two addresses that differ in that
        // alone belong to one person.
        let key = written.to_lowercase();
        Ok(Self { written, key })
    }

    /// As its owner writes it, with the domain in ASCII and lower case.
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

/// A domain in the one form that the DNS has of it, in lower case. `None`: it cannot be one, such as an address
/// of a machine in brackets.
fn ascii(domain: &str) -> Option<std::borrow::Cow<'_, str>> {
    // Two hyphens in the third and fourth place are some domains' own.
    let (deny, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    Uts46::new().to_ascii(domain.as_bytes(), deny, hyphens, DnsLength::Verify).ok()
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap_or_else(|not| panic!("{text} {not}"))
    }

    #[test]
    fn a_name_is_kept_as_written_and_compared_without_case() {
        let address = parsed("Ada.Lovelace@Films.Example");
        assert_eq!(address.as_str(), "Ada.Lovelace@films.example");
        let other = parsed("ada.lovelace@films.example");
        assert_eq!((address.key(), address.name_hash()), (other.key(), other.name_hash()));
    }

    #[test]
    fn a_domain_is_the_same_however_it_is_written() {
        for (texts, domain) in [
            (
                &["bücher.example", "BU\u{308}CHER.example", "Xn--Bcher-Kva.Example"][..],
                "xn--bcher-kva.example",
            ),
            // The full stops and letters of other scripts that UTS 46 takes for ours.
            (&["films。example", "ｆｉｌｍｓ.example", "fi\u{ad}lms.example"], "films.example"),
            (&["straße.example"], "xn--strae-oqa.example"),
            (&["r3---sn.example"], "r3---sn.example"),
        ] {
            for text in texts {
                let address = parsed(&format!("Ada@{text}"));
                assert_eq!(address, parsed(&format!("Ada@{domain}")), "{text}");
                assert_eq!(address.as_str(), format!("Ada@{domain}"));
            }
        }
        assert_ne!(parsed("ada@strasse.example"), parsed("ada@straße.example"));
    }

    #[test]
    fn what_is_no_domain_is_refused_and_said_to_be_none() {
        let long = format!("{}.example", "x".repeat(64));
        for domain in [
            "",
            "films..example",
            "films.example.",
            "-films.example",
            "films_.example",
            "[192.0.2.1]",
            // Punycode of nothing, of what needs none, and of what UTS 46 writes otherwise.
            "xn--.example",
            "xn--films-.example",
            "xn--bcher-2pa.example",
            &long,
        ] {
            let refused = EmailAddress::parse(&format!("ada@{domain}"));
            assert_eq!(refused, Err(NotAnAddress::Domain), "{domain}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "ada", "@films.example", "a b@films.example", "ada@x\r\nBcc: y@z", "ada@@x"]
        {
            assert_eq!(EmailAddress::parse(text), Err(NotAnAddress::Malformed), "{text}");
        }
        for bytes in [250, 300] {
            let long = format!("{}@films.example", "a".repeat(bytes));
            assert_eq!(EmailAddress::parse(&long), Err(NotAnAddress::Malformed));
        }
    }

    #[test]
    fn an_address_is_not_shown() {
        let address = EmailAddress::parse("ada@films.example").unwrap();
        assert!(!format!("{address:?}").contains("ada"));
    }
}
