//! From when until when a certificate is valid. rustls does not tell; and the way to it through the DER of an
//! X.509 certificate (RFC 5280 section 4.1) is short.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which old certificates do not have.
const VERSION: u8 = 0xa0;

/// A time with both ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

/// That of a certificate; `None` where it is none.
pub(super) fn validity(certificate: &[u8]) -> Option<Validity> {
    let (certificate, _) = expect(certificate, SEQUENCE)?;
    let (to_be_signed, _) = expect(certificate, SEQUENCE)?;
    let rest = match expect(to_be_signed, VERSION) {
        Some((_, rest)) => rest,
        None => to_be_signed,
    };
    // Serial number, algorithm and issuer.
    let rest = (0..3).try_fold(rest, |rest, _| element(rest).map(|(_, _, rest)| rest))?;
    let (validity, _) = expect(rest, SEQUENCE)?;
    let (not_before, rest) = time(validity)?;
    let (not_after, _) = time(rest)?;
    Some(Validity { not_before, not_after })
}

/// The content of an element with this tag, and what comes after it.
fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// Tag, content and what comes after.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits.iter().fold(0, |sum, &digit| (sum << 8) | usize::from(digit));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// A time (RFC 5280 section 4.1.2.5), and what comes after it.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, content, rest) = element(bytes)?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let text = match tag {
        UTC_TIME if text.len() == 12 => {
            let century = if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" };
            format!("{century}{text}")
        }
        GENERALIZED_TIME if text.len() == 14 => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", &text).ok()?;
    Some((TimeZone::UTC.to_timestamp(time).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate as far as its validity.
    fn certificate(times: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let mut bytes = vec![tag, 0x82, (content.len() >> 8) as u8, content.len() as u8];
            bytes.extend_from_slice(content);
            bytes
        };
        let before = [
            &wrap(VERSION, &[2, 1, 2])[..],
            &[2, 1, 7],
            &wrap(SEQUENCE, &[]),
            &wrap(SEQUENCE, &[0; 300]),
        ];
        let to_be_signed = [before.concat(), wrap(SEQUENCE, times)].concat();
        wrap(SEQUENCE, &wrap(SEQUENCE, &to_be_signed))
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        let found =
            validity(&certificate(b"\x17\x0d260102030405Z\x18\x0f20510102030405Z")).unwrap();
        assert_eq!(found.not_before.to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(found.not_after.to_string(), "2051-01-02T03:04:05Z");
        let old = validity(&certificate(b"\x17\x0d500102030405Z\x17\x0d991231235959Z")).unwrap();
        assert_eq!(old.not_before.to_string(), "1950-01-02T03:04:05Z");
    }

    #[test]
    fn what_is_cut_short_or_odd_is_no_certificate() {
        let whole = certificate(b"\x17\x0d260102030405Z\x17\x0d270102030405Z");
        for length in 0..whole.len() {
            assert!(validity(&whole[..length]).is_none(), "{length}");
        }
        for odd in
            [&b"\x17\x0d261302030405Z"[..], b"\x17\x0d260102030405+", b"\x18\x0d260102030405Z"]
        {
            assert!(validity(&certificate(odd)).is_none());
        }
    }
}
