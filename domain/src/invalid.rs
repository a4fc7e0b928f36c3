//! What is wrong with an input: where, and what was expected there.

use crate::field::Unknown;

/// The most findings that one input is answered with. What is wrong beyond them shows once these are
/// put right.
pub const MAX_INVALID: usize = 100;

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Invalid {
    /// Where: a JSON Pointer (RFC 6901) into the input, empty for the whole of it.
    pub pointer: String,
    /// What must be there, as the end of a sentence that begins with “must”: `be text of …`.
    pub expected: String,
}

/// A field's name as one token of a JSON Pointer (RFC 6901, section 3).
fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Collects findings, at most [`MAX_INVALID`] of them.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Invalid>);

impl Findings {
    pub(crate) fn add(&mut self, pointer: impl Into<String>, expected: impl Into<String>) {
        if self.0.len() < MAX_INVALID {
            self.0.push(Invalid { pointer: pointer.into(), expected: expected.into() });
        }
    }

    /// Every field that there is no such field for.
    pub(crate) fn add_unknown(&mut self, parent: &str, unknown: &Unknown) {
        for name in unknown.keys() {
            self.add(
                format!("{parent}/{}", escape_pointer(name)),
                "be left out: there is no field of this name",
            );
        }
    }

    /// `value`, unless something is wrong. Where there is no value, what is wrong has been added.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Vec<Invalid>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }
}
