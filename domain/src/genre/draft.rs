//! A genre as it was sent, unchecked; and the check.

use serde::Deserialize;

use super::GenreContent;
use crate::{
    Field, Invalid, Name, check,
    field::Unknown,
    invalid::Findings,
    limits::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX},
};

/// A genre as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, expecting = "a JSON object")]
#[expect(missing_docs, reason = "each field is the one of GenreContent")]
pub struct GenreDraft {
    pub name: Field<String>,
    pub description: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl GenreDraft {
    /// The genre that was meant.
    ///
    /// # Errors
    /// Everything that is wrong, never an empty list.
    pub fn into_content(self) -> Result<GenreContent, Vec<Invalid>> {
        let mut findings = Findings::default();
        let expected = check::line_expected(NAME_CHARS_MAX);
        let name = check::parsed(self.name.required(), "/name", &mut findings, &expected, |name| {
            Name::new(&name).ok()
        });
        let description =
            check::prose(self.description, "/description", DESCRIPTION_CHARS_MAX, &mut findings)
                .flatten();
        findings.add_unknown("", &self.unknown);
        findings.or(name.flatten().map(|name| GenreContent { name, description }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: &str) -> Result<GenreContent, Vec<Invalid>> {
        serde_json::from_str::<GenreDraft>(json).unwrap().into_content()
    }

    #[test]
    fn a_genre_is_normalised() {
        let genre = draft(r#"{"name": " Film Noir ", "description": "\t\n"}"#).unwrap();
        assert_eq!(genre.name.as_str(), "Film Noir");
        assert_eq!(genre.description, None);
    }

    #[test]
    fn everything_that_is_wrong_with_a_genre_is_said_at_once() {
        let wrong = draft(r#"{"description": 1, "slug": "noir"}"#).unwrap_err();
        let pointers: Vec<&str> = wrong.iter().map(|invalid| invalid.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/description", "/slug"]);
    }
}
