//! The secrets of a sign-in. Only hashes of them are kept here, so that nobody can use what they read in the store.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// The hash of a secret (SHA-256), as it is kept. It is also the PKCE challenge of a verifier (S256).
#[must_use]
pub fn fingerprint(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Reads a PKCE challenge (S256): 32 bytes in base64url. `None`: `text` is none.
#[must_use]
pub fn challenge_of(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// 32 random bytes as a text for a URL, a cookie or a body.
pub(super) fn text_of(secret: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

/// The nonce of a sign-in. It follows from what the browser's cookie holds: it is kept nowhere else, and no other
/// browser has it.
pub(super) fn nonce_of(browser: &str) -> String {
    derived("cinelog oidc nonce", browser)
}

/// The PKCE verifier of a sign-in (RFC 7636 section 4.1). It too follows from what the browser's cookie holds.
pub(super) fn verifier_of(browser: &str) -> String {
    derived("cinelog oidc verifier", browser)
}

/// The id of the session that a code begins (a UUID of version 8). Only somebody who has had the code can know it.
pub(super) fn session_of(code: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update("cinelog session of a code\0");
    hash.update(code);
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    Builder::from_custom_bytes(id).into_uuid()
}

fn derived(purpose: &str, secret: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(purpose);
    hash.update([0]);
    hash.update(secret);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_a_secret_does_not_tell_it_nor_the_others() {
        let browser = text_of(&[7; 32]);
        let derived = [nonce_of(&browser), verifier_of(&browser), text_of(&fingerprint(&browser))];
        for (index, one) in derived.iter().enumerate() {
            assert_eq!(one.len(), 43, "as long as RFC 7636 has it");
            assert!(*one != browser && !derived[index + 1..].contains(one));
        }
        assert_ne!(nonce_of(&browser), nonce_of(&text_of(&[8; 32])));
    }

    #[test]
    fn a_session_follows_from_its_code_and_from_no_other() {
        let session = session_of("one");
        assert_eq!((session, session.get_version_num()), (session_of("one"), 8));
        assert_ne!(session, session_of("another"));
    }

    #[test]
    fn a_challenge_is_32_bytes_in_base64url() {
        // RFC 7636 appendix B.
        let challenge = challenge_of("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(challenge, Some(fingerprint("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
        for other in [
            "",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        ] {
            assert_eq!(challenge_of(other), None, "{other}");
        }
    }
}
