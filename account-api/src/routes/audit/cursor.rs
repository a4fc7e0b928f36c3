//! Where a page of the trail begins, in a form that clients carry and do not read.
//!
//! It is bound to the filters, so that it leads on in no other list. It is not signed: whoever makes one up
//! comes to a place in a trail that they may read from end to end.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_kit::{FieldError, Problem, ProblemType};
use identity::audit::{Filter, Place};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The first byte of every cursor: its format.
const FORMAT: u8 = 1;

/// Bytes of what binds it to its list.
const SCOPE_BYTES: usize = 8;

/// All of it: the format, the list, the time in microseconds and the id.
const BYTES: usize = 1 + SCOPE_BYTES + 8 + 16;

/// The cursor of the page behind `place`.
pub(super) fn seal(place: Place, filter: &Filter) -> String {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.push(FORMAT);
    bytes.extend(scope(filter));
    bytes.extend(place.at.as_microsecond().to_be_bytes());
    bytes.extend(place.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Where the page begins that a cursor stands for.
///
/// # Errors
/// 400 where it is none, or belongs to other filters.
pub(super) fn open(text: &str, filter: &Filter) -> Result<Place, Problem> {
    let invalid = || {
        let detail = "is not from a link of another page with the same filters";
        Problem::new(ProblemType::InvalidCursor).error(FieldError::parameter("cursor", detail))
    };
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
    let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| invalid())?;
    let (head, rest) = bytes.split_at(1 + SCOPE_BYTES);
    let (at, id) = rest.split_at(8);
    if head[0] != FORMAT || head[1..] != scope(filter) {
        return Err(invalid());
    }
    let at = i64::from_be_bytes(at.try_into().map_err(|_| invalid())?);
    Ok(Place {
        at: Timestamp::from_microsecond(at).map_err(|_| invalid())?,
        id: Uuid::from_slice(id).map_err(|_| invalid())?,
    })
}

fn scope(filter: &Filter) -> [u8; SCOPE_BYTES] {
    let mut scope = [0; SCOPE_BYTES];
    scope.copy_from_slice(&Sha256::digest(format!("{filter:?}"))[..SCOPE_BYTES]);
    scope
}

#[cfg(test)]
mod tests {
    use identity::audit::Kind;

    use super::*;

    fn place() -> Place {
        let at = Timestamp::from_microsecond(1_800_000_000_000_001).unwrap();
        Place { at, id: Uuid::from_u128(7) }
    }

    #[test]
    fn a_cursor_leads_to_where_it_was_made_and_with_no_other_filter() {
        let filter = Filter { kind: Some(Kind::SignIn), ..Filter::default() };
        let cursor = seal(place(), &filter);
        assert_eq!(open(&cursor, &filter).unwrap(), place());
        let problem = open(&cursor, &Filter::default()).unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::InvalidCursor);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let filter = Filter::default();
        let whole = seal(place(), &filter);
        let far = URL_SAFE_NO_PAD.encode([&[FORMAT], &scope(&filter)[..], &[0x7f; 24]].concat());
        for text in ["", "x", "é", &whole[1..], &format!("{whole}AA"), &far, &"A".repeat(100_000)]
        {
            let problem = open(text, &filter).unwrap_err();
            assert!(problem.field_errors()[0].to_string().starts_with("cursor: is not"), "{text}");
        }
    }
}
