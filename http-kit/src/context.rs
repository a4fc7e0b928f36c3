//! Which request this is: its id and its place in a trace.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{Problem, ProblemType};

/// What is known of a request besides what it asks. An extractor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    /// `X-Request-Id`, the client's or one made here: 1 to 128 visible ASCII characters.
    pub request_id: String,
    /// W3C Trace Context, the client's or one made here.
    pub traceparent: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(ProblemType::Internal))
    }
}
