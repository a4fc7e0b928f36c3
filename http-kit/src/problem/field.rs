//! Which part of a request is wrong.

use std::fmt;

/// One part of a request that is wrong, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub(super) place: Place,
    pub(super) detail: String,
}

/// Where in the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Pointer(String),
    Parameter(String),
    Header(String),
}

impl FieldError {
    /// A value in the JSON body, by JSON Pointer (RFC 6901): `/title`, `/cast/3`, `""` for the whole.
    #[must_use]
    pub fn pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Pointer(cut(pointer.into())), detail: detail.into() }
    }

    /// A parameter of the path or the query, by name: `id`, `year[gte]`.
    #[must_use]
    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Parameter(cut(name.into())), detail: detail.into() }
    }

    /// A header, by name: `If-Match`.
    #[must_use]
    pub fn header(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Header(cut(name.into())), detail: detail.into() }
    }
}

/// Cuts a name that the client made up: an answer must not grow with what was sent.
fn cut(mut name: String) -> String {
    const CHARS_MAX: usize = 200;
    if let Some((at, _)) = name.char_indices().nth(CHARS_MAX) {
        name.truncate(at);
        name.push('…');
    }
    name
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Place::Pointer(place) | Place::Parameter(place) | Place::Header(place)) = &self.place;
        write!(f, "{place}: {}", self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::FieldError;

    #[test]
    fn a_name_that_is_too_long_to_be_one_is_cut() {
        let error = FieldError::parameter("é".repeat(100_000), "is not a parameter here");
        assert_eq!(error.to_string(), format!("{}…: is not a parameter here", "é".repeat(200)));
    }
}
