//! Page cursors: nothing that a client sends may break them, also where its signature is right.
//!
//! The parser behind the signature is reached by signing with the key that checks. What it reads must
//! be the same when it is written and read again.

#![no_main]
#![allow(dead_code, reason = "the sources under test are whole, and only their parsers are used")]

#[path = "../../query-api/src/cursor.rs"]
mod cursor;
#[path = "../../query-api/src/value.rs"]
mod value;

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

use self::cursor::{Cursors, Scope};

const KEY: [u8; 32] = [7; 32];

static CURSORS: LazyLock<Cursors> = LazyLock::new(|| Cursors::new(&KEY));

/// What `Cursors` would sign, for the scope of generation 1 and no parts.
fn signed(bytes: &[u8]) -> String {
    let scope = Sha256::digest(1_u64.to_be_bytes());
    let mut signer = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
    signer.update(b"cinelog cursor");
    signer.update(&scope[..16]);
    signer.update(bytes);
    let signature = signer.finalize().into_bytes();
    URL_SAFE_NO_PAD.encode([bytes, &signature[..16]].concat())
}

fuzz_target!(|bytes: &[u8]| {
    let scope = Scope::new(1, []);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(CURSORS.open(scope, text).is_err(), "a cursor was made up");
    }
    if let Ok(cursor) = CURSORS.open(scope, &signed(bytes)) {
        let sealed = CURSORS.seal(scope, &cursor);
        let again = CURSORS.open(scope, &sealed).expect("what was read can be written");
        // Bits and all: a number that is none equals nothing, yet is written the same.
        assert_eq!(CURSORS.seal(scope, &again), sealed);
    }
});
