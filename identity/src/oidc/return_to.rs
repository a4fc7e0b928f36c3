//! What is added to the URL of an app when its user is sent back there.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters but the unreserved ones (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest `state` of an app, in characters.
pub const APP_STATE_CHARS_MAX: usize = 512;

/// Whether a text may be the `state` of an app: printable ASCII (RFC 6749 appendix A.5) of bounded length.
#[must_use]
pub fn is_app_state(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    is_plain && (1..=APP_STATE_CHARS_MAX).contains(&text.len())
}

/// A configured URL with more parameters in its query. All but letters, digits and `-._~` is percent-encoded, so
/// that no parameter can change where the URL leads.
#[must_use]
pub fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> String {
    let mut whole = url.to_owned();
    for (name, value) in parameters {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(name);
        whole.push('=');
        whole.extend(utf8_percent_encode(value, RESERVED));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_added_an_address_stays_the_same_address() {
        let added =
            |url| with_parameters(url, &[("state", "a b&code=x#/../é\r\n"), ("code", "c-_~.")]);
        let query = "state=a%20b%26code%3Dx%23%2F..%2F%C3%A9%0D%0A&code=c-_~.";
        assert_eq!(added("https://app.example/back"), format!("https://app.example/back?{query}"));
        assert_eq!(added("https://app.example/?a=b"), format!("https://app.example/?a=b&{query}"));
    }

    #[test]
    fn a_state_is_a_bounded_text_that_can_be_printed() {
        for state in ["a", "xyz 123&?#%", &"x".repeat(APP_STATE_CHARS_MAX)] {
            assert!(is_app_state(state), "{state}");
        }
        for other in ["", "é", "a\nb", "a\0", "\u{7f}", &"x".repeat(APP_STATE_CHARS_MAX + 1)] {
            assert!(!is_app_state(other), "{other:?}");
        }
    }
}
