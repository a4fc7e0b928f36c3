//! Times that clients write.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// A time as RFC 3339 has it, with its offset from UTC: what leaves that out, or is no more than a date, is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Timestamp);

/// A text that is no time, or one that is too far away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time such as 2026-11-22T08:00:00Z, up to 9999-12-30T22:00:00Z")]
pub(crate) struct NotATime;

/// A text that may be a time: whether it is one, is said together with what else is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read(pub(crate) Result<Time, NotATime>);

impl FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        if !is_rfc_3339(text) {
            return Err(NotATime);
        }
        text.parse().map(Self).map_err(|_| NotATime)
    }
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        String::deserialize(text).map(|text| Self(text.parse()))
    }
}

/// Whether a text has the form: what is read here reads much else besides, such as years of six digits, the name
/// of a zone in brackets, or a time without seconds.
fn is_rfc_3339(text: &str) -> bool {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00";
    let fits = |(pattern, byte): (&u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        pattern => byte.eq_ignore_ascii_case(pattern),
    };
    let Some((head, mut rest)) = text.as_bytes().split_at_checked(PATTERN.len()) else {
        return false;
    };
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    }
    let is_offset = match rest {
        [b'z' | b'Z'] => true,
        [b'+' | b'-', offset @ ..] if offset.len() == 5 => b"00:00".iter().zip(offset).all(fits),
        _ => false,
    };
    is_offset && PATTERN.iter().zip(head).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_rfc_3339_is_read() {
        let at = |text: &str| text.parse().map(|Time(time)| time.to_string());
        for (text, expected) in [
            ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z"),
            ("2026-11-22t08:00:00z", "2026-11-22T08:00:00Z"),
            ("2026-11-22T10:00:00.25+01:00", "2026-11-22T09:00:00.25Z"),
            ("9999-12-30T22:00:00Z", "9999-12-30T22:00:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_or_lies_too_far_away_is_told_so_in_our_own_words() {
        for text in [
            "",
            "tomorrow",
            "2026-11-22",
            "2026-11-22T08:00:00",
            "2026-11-22T08:00Z",
            "2026-11-22 08:00:00Z",
            "20261122T080000Z",
            "2026-13-22T08:00:00Z",
            "2026-11-22T08:00:00.Z",
            "2026-11-22T08:00:00+01:00[Europe/Berlin]",
            "+002026-11-22T08:00:00Z",
            "9999-12-31T23:59:59Z",
            "２026-11-22T08:00:00Z",
        ] {
            assert_eq!(text.parse::<Time>(), Err(NotATime), "{text}");
        }
        assert!(NotATime.to_string().contains("up to"));
    }
}
