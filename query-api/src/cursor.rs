//! Cursors: where a page begins, in a form that clients carry but cannot make.
//!
//! A cursor holds the sort keys of the item it stands at, so following it costs the same on any page
//! and nothing is skipped or repeated when films come and go in between. It is signed, and bound to
//! the list (route, filters, order) and to the generation of the read model it was made from. It is
//! not encrypted: it must hold nothing that the item itself does not show.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use http_kit::{FieldError, Problem, ProblemType};
use sha2::{Digest, Sha256};

use crate::{
    signature::{SIGNATURE_BYTES, Signer, signer},
    value::Value,
};

/// The first byte of every cursor: its format. It must be raised when an order gets other keys and keeps its
/// name.
const FORMAT: u8 = 1;

/// The longest cursor, in characters. Its longest part is a title's plain form: 300 characters, of
/// which Unicode spells some with 33 bytes (U+FDFA).
pub(crate) const MAX_CHARS: usize = 16 * 1024;

/// Which side of its item a cursor's page is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The page begins after the item.
    After,
    /// The page ends before the item.
    Before,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cursor {
    /// Which side of the item.
    pub(crate) side: Side,
    /// Whether the films of the page were found by words that are only similar to those of the query.
    pub(crate) is_similar: bool,
    /// The item's sort keys, the tie breaker last.
    pub(crate) keys: Vec<Value>,
}

/// What a cursor is bound to: one list in one generation of the read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope([u8; 16]);

impl Scope {
    /// The scope of a list. `parts` say all that decides which items it has and in which order.
    pub(crate) fn new<'a>(generation: u64, parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new_with_prefix(generation.to_be_bytes());
        for part in parts {
            // The length keeps `ab` + `c` apart from `a` + `bc`.
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let mut scope = [0; 16];
        scope.copy_from_slice(&hash.finalize()[..16]);
        Self(scope)
    }
}

/// Signs cursors, and checks them.
#[derive(Clone)]
pub(crate) struct Cursors {
    signer: Signer,
}

impl Cursors {
    /// Signs with `key`. Processes that share it understand each other's cursors.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { signer: signer(key).chain_update(b"cinelog cursor") }
    }

    /// Writes a cursor.
    pub(crate) fn seal(&self, scope: Scope, cursor: &Cursor) -> String {
        let side = u8::from(cursor.side == Side::Before) | u8::from(cursor.is_similar) << 1;
        let mut bytes = vec![FORMAT, side];
        for key in &cursor.keys {
            write(&mut bytes, key);
        }
        let signature = self.sign(scope, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature[..SIGNATURE_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that [`seal`](Self::seal) wrote for the same scope.
    ///
    /// # Errors
    /// `InvalidCursor` for everything else.
    pub(crate) fn open(&self, scope: Scope, text: &str) -> Result<Cursor, Problem> {
        self.read(scope, text).ok_or_else(|| {
            let detail = "is not a cursor of this list: filters and order must stay as they were";
            Problem::new(ProblemType::InvalidCursor).error(FieldError::parameter("cursor", detail))
        })
    }

    fn read(&self, scope: Scope, text: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (bytes, signature) =
            bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
        // Compares in constant time.
        self.sign(scope, bytes).verify_truncated_left(signature).ok()?;
        let (&[format, side], mut rest) = bytes.split_first_chunk::<2>()?;
        if format != FORMAT {
            return None;
        }
        let (side, is_similar) = match side {
            0 | 2 => (Side::After, side == 2),
            1 | 3 => (Side::Before, side == 3),
            _ => return None,
        };
        let mut keys = Vec::new();
        while !rest.is_empty() {
            let (key, after) = read_value(rest)?;
            keys.push(key);
            rest = after;
        }
        Some(Cursor { side, is_similar, keys })
    }

    fn sign(&self, scope: Scope, bytes: &[u8]) -> Signer {
        self.signer.clone().chain_update(scope.0).chain_update(bytes)
    }
}

/// A value is a byte for its type and then eight bytes, or a length of two bytes and its bytes.
fn write(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Integer(number) => {
            bytes.push(b'i');
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        Value::Real(number) => {
            bytes.push(b'r');
            bytes.extend_from_slice(&number.to_bits().to_be_bytes());
        }
        Value::Text(text) => write_long(bytes, b't', text.as_bytes()),
        Value::Bytes(id) => write_long(bytes, b'b', id),
    }
}

fn write_long(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    bytes.push(kind);
    // Titles, slugs and ids are all far shorter. A longer one would make a cursor that is refused.
    bytes.extend_from_slice(&u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(content);
}

fn read_value(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    match kind {
        b'i' | b'r' => {
            let (number, rest) = rest.split_first_chunk()?;
            let value = match kind {
                b'i' => Value::Integer(i64::from_be_bytes(*number)),
                _ => Value::Real(f64::from_bits(u64::from_be_bytes(*number))),
            };
            Some((value, rest))
        }
        b't' | b'b' => {
            let (length, rest) = rest.split_first_chunk()?;
            let (content, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
            let value = match kind {
                b't' => Value::Text(String::from_utf8(content.to_vec()).ok()?),
                _ => Value::Bytes(content.to_vec()),
            };
            Some((value, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn cursors() -> Cursors {
        Cursors::new(&[7; 32])
    }

    fn scope() -> Scope {
        Scope::new(1, ["/v1/movies", "genre=drama", "title"])
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Integer),
            (-1e9..1e9).prop_map(Value::Real),
            "\\PC{0,300}".prop_map(Value::Text),
            vec(any::<u8>(), 16).prop_map(Value::Bytes),
        ]
    }

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        let side = prop_oneof![Just(Side::After), Just(Side::Before)];
        let all = (side, any::<bool>(), vec(any_value(), 1..5));
        all.prop_map(|(side, is_similar, keys)| Cursor { side, is_similar, keys })
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(cursor in any_cursor()) {
            let text = cursors().seal(scope(), &cursor);
            prop_assert!(text.len() <= MAX_CHARS);
            prop_assert_eq!(cursors().open(scope(), &text).unwrap(), cursor);
        }

        #[test]
        fn a_cursor_with_another_character_anywhere_is_refused(
            cursor in any_cursor(),
            at in any::<prop::sample::Index>(),
            other in "[A-Za-z0-9_-]",
        ) {
            let text = cursors().seal(scope(), &cursor);
            let at = at.index(text.len());
            prop_assume!(text[at..=at] != other);
            let forged = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assert!(cursors().open(scope(), &forged).is_err());
        }

        #[test]
        fn whatever_is_signed_is_read_or_refused(bytes in vec(any::<u8>(), 0..400), ours: bool) {
            let bytes = if ours { [&[FORMAT, 0][..], &bytes].concat() } else { bytes };
            let signature = cursors().sign(scope(), &bytes).finalize().into_bytes();
            let text = URL_SAFE_NO_PAD.encode([&bytes, &signature[..SIGNATURE_BYTES]].concat());
            if let Ok(cursor) = cursors().open(scope(), &text) {
                // Written anew it is the same: there is one way to write a cursor.
                prop_assert_eq!(cursors().seal(scope(), &cursor), text);
            }
        }

        #[test]
        fn any_other_text_is_refused(text in "\\PC{0,80}") {
            prop_assert!(cursors().open(scope(), &text).is_err());
        }
    }

    #[test]
    fn a_cursor_is_good_only_for_its_list_order_and_generation() {
        let cursor = Cursor { side: Side::After, is_similar: false, keys: vec![Value::Integer(1)] };
        let text = cursors().seal(scope(), &cursor);
        for other in [
            Scope::new(2, ["/v1/movies", "genre=drama", "title"]),
            Scope::new(1, ["/v1/movies", "genre=crime", "title"]),
            Scope::new(1, ["/v1/movies", "genre=drama", "year"]),
            Scope::new(1, ["/v1/moviesgenre=drama", "", "title"]),
        ] {
            assert!(cursors().open(other, &text).is_err());
        }
    }

    #[test]
    fn a_cursor_signed_with_another_key_is_refused() {
        let cursor = Cursor { side: Side::After, is_similar: false, keys: vec![Value::Integer(1)] };
        let text = Cursors::new(&[8; 32]).seal(scope(), &cursor);
        assert!(cursors().open(scope(), &text).is_err());
    }
}
