//! What is wrong with a field, in the terms of the one who sent it.

use serde_json::Error;

use super::pointer;
use crate::FieldError;

/// What a client sent is not sent back at length.
const DETAIL_CHARS_MAX: usize = 200;

/// Names the field at which reading stopped, and says why. serde's own message is taken apart where it names a
/// field that is not there, and so has no place.
pub(super) fn field_error(mut at: String, error: &Error) -> FieldError {
    let message = error.to_string();
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    if let Some(name) = missing {
        pointer::push(&mut at, name);
        return FieldError::pointer(at, "is required");
    }
    FieldError::pointer(at, shortened(message))
}

fn shortened(message: String) -> String {
    match message.char_indices().nth(DETAIL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}
