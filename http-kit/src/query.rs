//! Parameters of the query, in order and unjudged.

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::{FieldError, Problem, ProblemType};

/// The name and value of each parameter of the query, decoded, in order. Rejects with 400 where
/// something is not percent-encoded UTF-8.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryPairs(pub Vec<(String, String)>);

impl QueryPairs {
    /// The most parameters of one query: whoever reads them may compare each with each.
    pub const PAIRS_MAX: usize = 256;

    /// Reads a query, as in `application/x-www-form-urlencoded`: `+` is a space, and a name without
    /// `=` has an empty value.
    ///
    /// # Errors
    /// 400 that lists every parameter that cannot be decoded, or says that there are more than
    /// [`PAIRS_MAX`](Self::PAIRS_MAX).
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let given = query.split('&').filter(|pair| !pair.is_empty()).count();
        if given > Self::PAIRS_MAX {
            let detail =
                format!("The query has {given} parameters; {} are enough.", Self::PAIRS_MAX);
            return Err(Problem::new(ProblemType::InvalidParameter).detail(detail));
        }
        let mut pairs = Vec::with_capacity(given);
        let mut errors = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => pairs.push((name, value)),
                (known, _) => errors.push(FieldError::parameter(
                    known.unwrap_or_else(|| name.to_owned()),
                    "must be percent-encoded UTF-8",
                )),
            }
        }
        if errors.is_empty() {
            Ok(Self(pairs))
        } else {
            Err(Problem::new(ProblemType::InvalidParameter).errors(errors))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for QueryPairs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

/// The refusal of a parameter that is none of `known`: it says what was probably meant, else what there is.
#[must_use]
pub fn unknown_parameter(name: &str, known: &[&str]) -> FieldError {
    let meant = known.iter().find(|known| known.eq_ignore_ascii_case(name.trim()));
    let instead = match meant {
        Some(meant) => format!("did you mean {meant}?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("there are: {}", known.join(", ")),
    };
    FieldError::parameter(name, format!("is not a parameter here; {instead}"))
}

/// `None` where a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
fn decode(text: &str) -> Option<String> {
    let whole = text
        .split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    if !whole {
        return None;
    }
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        QueryPairs::parse(query).unwrap().0
    }

    #[test]
    fn an_unknown_name_is_refused_with_what_was_meant_or_what_there_is() {
        let said = |name, known: &[&str]| unknown_parameter(name, known).to_string();
        let known = ["genre", "year[gte]"];
        assert_eq!(said(" Genre", &known), " Genre: is not a parameter here; did you mean genre?");
        let expected = "colour: is not a parameter here; there are: genre, year[gte]";
        assert_eq!(said("colour", &known), expected);
        assert_eq!(said("colour", &[]), "colour: is not a parameter here; there are none");
    }

    #[test]
    fn more_parameters_than_anyone_needs_are_refused_as_a_whole() {
        let query = |count| vec!["a"; count].join("&");
        assert!(QueryPairs::parse(&query(QueryPairs::PAIRS_MAX)).is_ok());
        let problem = QueryPairs::parse(&query(QueryPairs::PAIRS_MAX + 1)).unwrap_err();
        assert!(problem.field_errors().is_empty());
    }

    #[test]
    fn pairs_keep_their_order_and_repeats() {
        let expected = [("a", "1"), ("b", ""), ("a", "2"), ("c", "x=y")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs("a=1&b&&a=2&c=x=y"), expected);
    }

    #[test]
    fn names_and_values_are_decoded() {
        let expected = ("year[gte]".to_owned(), "a b+c é".to_owned());
        assert_eq!(pairs("year%5Bgte%5D=a+b%2Bc%20%C3%A9"), [expected]);
    }

    #[test]
    fn every_parameter_that_cannot_be_decoded_is_named() {
        let problem = QueryPairs::parse("a=%&b=%f&c=%zz&d=%ff&e=%C3%A9&f=%+1").unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::InvalidParameter);
        let named: Vec<_> = problem.field_errors().iter().map(ToString::to_string).collect();
        let expected =
            ["a", "b", "c", "d", "f"].map(|n| format!("{n}: must be percent-encoded UTF-8"));
        assert_eq!(named, expected);
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_decoded(name in "\\PC{1,10}", value in "\\PC{0,10}") {
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let query = format!("{}={}", encode(&name), encode(&value));
            prop_assert_eq!(pairs(&query), [(name, value)]);
        }
    }
}
