//! One field of a draft, read so leniently that reading never stops at it: everything that is wrong
//! with an input is to be said at once.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, Unexpected, Visitor},
};

/// What an input says about a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// Nothing: in a replacement there is none, in a merge patch it stays as it is.
    #[default]
    Absent,
    /// That there is none.
    Null,
    /// Its value.
    Given(T),
    /// Something of another type.
    Wrong,
}

/// The fields of an input that there are no fields for.
pub(crate) type Unknown = BTreeMap<String, IgnoredAny>;

impl<T> Field<T> {
    /// The field, where it cannot be empty.
    pub(crate) fn not_null(self) -> Self {
        if matches!(self, Self::Null) { Self::Wrong } else { self }
    }

    /// The field, where it cannot be left out or empty.
    pub(crate) fn required(self) -> Self {
        if matches!(self, Self::Absent) { Self::Wrong } else { self.not_null() }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Seen<T> {
            Right(T),
            Wrong(IgnoredAny),
        }
        Ok(match Option::deserialize(deserializer)? {
            None => Self::Null,
            Some(Seen::Right(value)) => Self::Given(value),
            Some(Seen::Wrong(IgnoredAny)) => Self::Wrong,
        })
    }
}

/// A whole number. `2007.0` is one too, as it is in JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
        Ok(Whole(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
        i64::try_from(value)
            .map(Whole)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
        /// Beyond 2^53 not every whole number has a float, so that one might stand for another.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() <= EXACT_MAX {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within ±2^53")]
            return Ok(Whole(value as i64));
        }
        Err(E::invalid_value(Unexpected::Float(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        number: Field<Whole>,
    }

    fn read(json: &str) -> Field<Whole> {
        serde_json::from_str::<Sample>(json).unwrap().number
    }

    #[test]
    fn absent_null_given_and_wrong_are_told_apart() {
        assert_eq!(read("{}"), Field::Absent);
        assert_eq!(read(r#"{"number": null}"#), Field::Null);
        assert_eq!(read(r#"{"number": 7}"#), Field::Given(Whole(7)));
        assert_eq!(read(r#"{"number": {"a": [1]}}"#), Field::Wrong);
    }

    #[test]
    fn a_float_without_a_fraction_is_a_whole_number() {
        assert_eq!(read(r#"{"number": 2007.0}"#), Field::Given(Whole(2007)));
        assert_eq!(read(r#"{"number": 2.007e3}"#), Field::Given(Whole(2007)));
        assert_eq!(read(r#"{"number": -3}"#), Field::Given(Whole(-3)));
        for wrong in ["2007.5", "1e30", "18446744073709551615", "true", "\"7\""] {
            assert_eq!(read(&format!(r#"{{"number": {wrong}}}"#)), Field::Wrong, "{wrong}");
        }
    }

    #[test]
    fn text_that_is_broken_inside_a_field_is_still_an_error() {
        assert!(serde_json::from_str::<Sample>(r#"{"number": [1,}"#).is_err());
    }
}
