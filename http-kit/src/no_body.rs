//! Requests of which all is said by method and address.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
};

use crate::{
    FieldError, Problem, ProblemType,
    json::{did_not_arrive, is_over_limit},
    limits::BodyLimit,
};

/// As much is read: more than an empty object has.
const BYTES_MAX: usize = 16;

/// A body that says nothing: none, an empty one, or the empty object or the `null` that many clients send in its
/// place. An extractor; it rejects all else with 400 and reads no further than it must: what is sent along is
/// meant to say something, and nobody would hear it.
#[derive(Debug)]
pub struct NoBody;

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let announced = request.headers().get(http::header::CONTENT_LENGTH);
        if announced.is_some_and(|length| BodyLimit::new(BYTES_MAX).is_exceeded_by(length)) {
            return Err(unheard());
        }
        match to_bytes(request.into_body(), BYTES_MAX).await {
            Ok(body) if matches!(body.trim_ascii(), b"" | b"{}" | b"null") => Ok(Self),
            Err(error) if !is_over_limit(&error) => Err(did_not_arrive()),
            _ => Err(unheard()),
        }
    }
}

fn unheard() -> Problem {
    Problem::new(ProblemType::MalformedRequest)
        .error(FieldError::pointer("", "must be left out: no body is read here"))
}
