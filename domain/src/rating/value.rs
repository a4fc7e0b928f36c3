//! What a rating can be, and a rating as it was sent.

use events::MovieRated;
use serde::Deserialize;

use crate::{Field, Invalid, Whole, check, field::Unknown, invalid::Findings, limits::RATINGS};

/// A whole number from 1 (worst) to 10 (best).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatingValue(u8);

impl RatingValue {
    /// The number; `None` where a rating cannot have it.
    #[must_use]
    pub fn new(value: u8) -> Option<Self> {
        MovieRated::VALUES.contains(&value).then_some(Self(value))
    }

    /// From 1 to 10.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// A rating as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, expecting = "a JSON object")]
pub struct RatingDraft {
    /// The number.
    pub value: Field<Whole>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl RatingDraft {
    /// The rating that was meant.
    ///
    /// # Errors
    /// Everything that is wrong, never an empty list.
    pub fn into_value(self) -> Result<RatingValue, Vec<Invalid>> {
        let mut findings = Findings::default();
        let value = check::whole(self.value.required(), "/value", &RATINGS, &mut findings);
        findings.add_unknown("", &self.unknown);
        findings.or(value.flatten().map(RatingValue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Result<u8, Vec<String>> {
        let draft: RatingDraft = serde_json::from_str(json).unwrap();
        let pointers = |invalid: Vec<Invalid>| invalid.into_iter().map(|i| i.pointer).collect();
        draft.into_value().map(RatingValue::get).map_err(pointers)
    }

    #[test]
    fn a_rating_is_a_whole_number_from_one_to_ten() {
        assert_eq!(value(r#"{"value": 1}"#), Ok(1));
        assert_eq!(value(r#"{"value": 10.0}"#), Ok(10));
        for wrong in ["0", "11", "7.5", "\"8\"", "null", "-1", "264"] {
            let json = format!(r#"{{"value": {wrong}}}"#);
            assert_eq!(value(&json), Err(vec!["/value".to_owned()]), "{wrong}");
        }
    }

    #[test]
    fn a_rating_without_a_value_or_with_more_than_that_is_refused() {
        assert_eq!(value(r#"{"stars": 3}"#), Err(vec!["/value".to_owned(), "/stars".to_owned()]));
    }

    #[test]
    fn a_list_is_no_rating_and_the_error_says_what_one_is() {
        let error = serde_json::from_str::<RatingDraft>("[8]").unwrap_err().to_string();
        assert!(error.contains("expected a JSON object"), "{error}");
    }
}
