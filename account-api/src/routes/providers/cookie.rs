//! The cookie that binds a sign-in to the browser that began it.
//!
//! Each sign-in has one of its own, so that two windows do not disturb each other. `__Host-` has browsers take
//! it from this host alone, `HttpOnly` keeps scripts from it, and `SameSite=Lax` lets it come along when the
//! provider sends the browser back, and with nothing else that another site begins.

use http::{HeaderMap, HeaderValue, header};
use identity::oidc::{SignIns, fingerprint};

const PREFIX: &str = "__Host-cinelog-login-";

/// How much of the state's hash tells one sign-in of a browser from another, in bytes.
const NAME_BYTES: usize = 8;

/// The cookie, to be set with the answer that sends the browser away.
pub(super) fn set(state: &str, value: &str) -> Option<HeaderValue> {
    cookie(state, value, SignIns::LOGIN_TTL.as_secs())
}

/// The cookie, taken away.
pub(super) fn cleared(state: &str) -> Option<HeaderValue> {
    cookie(state, "", 0)
}

/// What the browser's cookie of this sign-in holds.
pub(super) fn read<'a>(headers: &'a HeaderMap, state: &str) -> Option<&'a str> {
    let name = name(state);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(&name)?.strip_prefix('='))
}

fn cookie(state: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
    let name = name(state);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&cookie).ok()
}

/// The state itself is in addresses that the provider sees; its hash tells nothing.
fn name(state: &str) -> String {
    let hash = fingerprint(state);
    let part: String = hash.iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        let value = |cookie: &&str| (header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        cookies.iter().map(value).collect()
    }

    #[test]
    fn what_was_set_is_read_among_others_and_only_for_its_own_sign_in() {
        let set = set("state", "secret").unwrap();
        let set = set.to_str().unwrap();
        for part in ["__Host-", "; Path=/;", "Max-Age=600", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(set.contains(part), "{part} in {set}");
        }
        assert!(!set.contains("Domain"), "__Host- forbids it");
        let pair = set.split(';').next().unwrap();
        for sent in [vec![pair], vec!["a=b", pair], vec![&format!("a=b; {pair};c=d")]] {
            assert_eq!(read(&headers(&sent), "state"), Some("secret"));
            assert_eq!(read(&headers(&sent), "other"), None);
        }
        assert_eq!(read(&headers(&[]), "state"), None);
        assert_eq!(read(&headers(&[&format!("x{pair}")]), "state"), None);
    }

    #[test]
    fn a_cookie_that_is_taken_away_is_the_same_one() {
        let (set, cleared) = (set("state", "secret").unwrap(), cleared("state").unwrap());
        let name =
            |value: &HeaderValue| value.to_str().unwrap().split('=').next().unwrap().to_owned();
        assert_eq!(name(&set), name(&cleared));
        assert!(cleared.to_str().unwrap().contains("Max-Age=0"));
    }
}
