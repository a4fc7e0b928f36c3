//! Names in the query. Who misspells one must hear of it: what was meant as a trial would be the real thing.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http_kit::{FieldError, Problem, ProblemType, QueryPairs, unknown_parameter};

/// A query without parameters. An extractor; it rejects with 400 that names each there is.
#[derive(Debug)]
pub(crate) struct NoParameters;

impl<S: Sync> FromRequestParts<S> for NoParameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = wrong_names(&QueryPairs::from_request_parts(parts, state).await?, &[]);
        match wrong.is_empty() {
            true => Ok(Self),
            false => Err(Problem::new(ProblemType::InvalidParameter).errors(wrong)),
        }
    }
}

/// What is wrong with the names in a query whose parameters are `known`: that there is no such parameter, or
/// that it is there more than once. Each is said once.
pub(crate) fn wrong_names(query: &QueryPairs, known: &[&str]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (at, (name, _)) in query.0.iter().enumerate() {
        let error = if !known.contains(&name.as_str()) {
            unknown_parameter(name, known)
        } else if query.0[..at].iter().any(|(earlier, _)| earlier == name) {
            FieldError::parameter(name, "is given more than once")
        } else {
            continue;
        };
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(query: &str, known: &[&str]) -> Vec<String> {
        let pairs = QueryPairs::parse(query).unwrap();
        wrong_names(&pairs, known).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_name_that_is_wrong_is_told_once_however_often_it_is_there() {
        let query = format!("limit=1{}{}", "&x=1".repeat(60), "&limit=2".repeat(60));
        let expected = [
            "x: is not a parameter here; there are: limit, cursor",
            "limit: is given more than once",
        ];
        assert_eq!(wrong(&query, &["limit", "cursor"]), expected);
        assert_eq!(wrong("limit=1&cursor=x", &["limit", "cursor"]), [""; 0]);
    }

    #[test]
    fn where_there_are_no_parameters_none_is_passed_over() {
        let expected = ["dry_run: is not a parameter here; there are none"];
        assert_eq!(wrong("dry_run=true", &[]), expected);
    }
}
