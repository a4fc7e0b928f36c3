//! Names: of genres, tags, platforms, people and studios. Two names with one slug are the same name.

use std::fmt;

use events::Slug;

use crate::limits::NAME_CHARS_MAX;

/// A name that has been checked: 1 to [`NAME_CHARS_MAX`] characters, no control characters, no white
/// space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// A text that cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be text of 1 to {NAME_CHARS_MAX} characters, with at least one that is not white space and no control characters"
)]
pub struct InvalidName;

impl Name {
    /// Checks a name from outside, and trims it. The length counts what was sent.
    ///
    /// # Errors
    /// [`InvalidName`] where it is blank, too long or holds control characters.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        line(text, NAME_CHARS_MAX).map(Self).ok_or(InvalidName)
    }

    /// What makes it the same as another name.
    #[must_use]
    pub fn slug(&self) -> Slug {
        Slug::of(&self.0)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One line of text, trimmed. `None` where it is blank, longer than `chars_max` as it was sent, or
/// holds control characters: C0, DEL, C1, and those that turn the direction of what stands around
/// them (Unicode Standard Annex #9, section 2).
pub(crate) fn line(text: &str, chars_max: usize) -> Option<String> {
    let trimmed = text.trim();
    let fits = text.chars().count() <= chars_max && !text.chars().any(is_control);
    (fits && !trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether one of `names` is the same name as `slug`.
pub(crate) fn contains(names: &[String], slug: &Slug) -> bool {
    names.iter().any(|name| Slug::of(name) == *slug)
}

/// Those of `names` that `others` does not have in the same spelling. A name whose spelling changed is
/// taken off in the old one and put on in the new one.
pub(crate) fn missing(names: &[String], others: &[String]) -> Vec<String> {
    names.iter().filter(|name| !others.contains(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed() {
        assert_eq!(Name::new(" \u{3000}Film Noir ").unwrap().as_str(), "Film Noir");
    }

    #[test]
    fn a_name_that_is_blank_or_too_long_or_holds_control_characters_is_refused() {
        let too_long = "x".repeat(NAME_CHARS_MAX + 1);
        let spaces_count = format!("{} ", "x".repeat(NAME_CHARS_MAX));
        for text in [
            "",
            " ",
            "\u{a0}\u{2003}",
            "a\nb",
            "a\n",
            "\u{85}a",
            "\u{7f}",
            "a\u{202a}",
            "\u{202e}a",
            "a\u{2066}b",
            "\u{2069}a",
            &too_long,
            &spaces_count,
        ] {
            assert_eq!(Name::new(text), Err(InvalidName), "{text:?}");
        }
        for beside in ['\u{200e}', '\u{200f}', '\u{2065}', '\u{206a}'] {
            assert!(Name::new(&format!("a{beside}b")).is_ok(), "{beside:?}");
        }
        assert!(Name::new(&"映".repeat(NAME_CHARS_MAX)).is_ok());
    }
}
