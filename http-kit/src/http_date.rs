//! Dates as HTTP writes them (RFC 9110 section 5.6.7).

use http::HeaderValue;
use jiff::{
    Timestamp,
    fmt::{rfc2822, strtime},
    tz::TimeZone,
};

/// The two obsolete forms, which must still be read: RFC 850's and asctime's.
const OBSOLETE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// `time` as `Sat, 21 Nov 2026 10:00:00 GMT`. `None` for years that the format cannot hold.
pub(crate) fn write(time: Timestamp) -> Option<HeaderValue> {
    let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()?;
    HeaderValue::from_str(&text).ok()
}

/// Reads any of the three forms. `None` for anything else: a date that cannot be read is ignored.
pub(crate) fn read(value: &HeaderValue) -> Option<Timestamp> {
    let text = value.to_str().ok()?.trim();
    if let Ok(time) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(time);
    }
    OBSOLETE.iter().find_map(|form| {
        let civil = strtime::parse(form, text).ok()?.to_datetime().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_back_as_it_was_written() {
        let time: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        let written = write(time).unwrap();
        assert_eq!(written, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read(&written), Some(time));
    }

    #[test]
    fn the_obsolete_forms_are_read_too() {
        let time: Option<Timestamp> = "1994-11-06T08:49:37Z".parse().ok();
        let rfc850 = HeaderValue::from_static("Sunday, 06-Nov-94 08:49:37 GMT");
        let asctime = HeaderValue::from_static("Sun Nov  6 08:49:37 1994");
        assert_eq!(read(&rfc850), time);
        assert_eq!(read(&asctime), time);
    }

    #[test]
    fn what_is_no_date_is_ignored() {
        for text in ["", "now", "1994-11-06T08:49:37Z", "Sun, 31 Feb 1994 08:49:37 GMT"] {
            assert_eq!(read(&HeaderValue::from_static(text)), None, "{text}");
        }
    }
}
