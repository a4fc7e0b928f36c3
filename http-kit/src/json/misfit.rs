//! What is wrong with a field, in the terms of the one who sent it.

use serde_path_to_error::Error;

use super::pointer;
use crate::FieldError;

/// What a client sent is not sent back at length.
const DETAIL_CHARS_MAX: usize = 200;

/// Names the field at which reading stopped, and says why. serde's own messages are taken apart where
/// they name a field that the path leaves out.
pub(super) fn field_error(error: &Error<serde_json::Error>) -> FieldError {
    let mut at = pointer::of_path(error.path());
    let message = error.inner().to_string();
    if let Some(name) = named_after(&message, "missing field `") {
        pointer::push(&mut at, name);
        return FieldError::pointer(at, "is required");
    }
    if let Some(name) = named_after(&message, "unknown field `") {
        return FieldError::pointer(with_last(at, name), unknown(&message));
    }
    FieldError::pointer(at, shortened(message))
}

/// The name that stands in a message of serde's after `prefix`, up to the closing quote.
fn named_after<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(prefix)?;
    let end = rest.rfind("`, expected").or_else(|| rest.rfind('`'))?;
    Some(&rest[..end])
}

/// The pointer with `name` as its last step, which the path may have or not.
fn with_last(mut at: String, name: &str) -> String {
    let mut step = String::new();
    pointer::push(&mut step, name);
    if !at.ends_with(&step) {
        at.push_str(&step);
    }
    at
}

fn unknown(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((_, known)) => format!("is not known here; expected {}", known.replace('`', "")),
        None => "is not known here".to_owned(),
    }
}

fn shortened(message: String) -> String {
    match message.char_indices().nth(DETAIL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}
