//! Parameters of the path.

use axum::extract::{
    FromRequestParts, RawPathParams,
    path::ErrorKind,
    rejection::{PathRejection, RawPathParamsRejection},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{FieldError, Problem, ProblemType};

/// The parameters of the path, as `axum::extract::Path` has them. Rejects with 400 that names the
/// parameter.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                let names = names(parts, state).await;
                Err(invalid(error.into_kind(), &names))
            }
            Err(other) => Err(Problem::internal(other)),
        }
    }
}

/// The names of the route's parameters, in order: axum does not always say which one was bad.
async fn names<S: Send + Sync>(parts: &mut Parts, state: &S) -> Vec<String> {
    let params: Result<RawPathParams, RawPathParamsRejection> =
        RawPathParams::from_request_parts(parts, state).await;
    params
        .map(|params| params.iter().map(|(name, _)| name.to_owned()).collect())
        .unwrap_or_default()
}

fn invalid(error: ErrorKind, names: &[String]) -> Problem {
    let (name, detail) = match error {
        ErrorKind::ParseErrorAtKey { key, expected_type, .. } => {
            (Some(key), must_be(expected_type))
        }
        ErrorKind::ParseErrorAtIndex { index, expected_type, .. } => {
            (names.get(index).cloned(), must_be(expected_type))
        }
        ErrorKind::ParseError { expected_type, .. } => {
            (names.first().cloned(), must_be(expected_type))
        }
        ErrorKind::InvalidUtf8InPathParam { key } => {
            (Some(key), "must be percent-encoded UTF-8".to_owned())
        }
        ErrorKind::DeserializeError { key, message, .. } => {
            (Some(key), format!("is not valid: {message}"))
        }
        ErrorKind::Message(message) => (only(names), format!("is not valid: {message}")),
        // The route and its handler disagree: no request can be to blame.
        other => return Problem::internal(Mismatch(other.to_string())),
    };
    let problem = Problem::new(ProblemType::InvalidParameter);
    match name {
        Some(name) => problem.error(FieldError::parameter(name, detail)),
        None => problem.detail(format!("A parameter of the path {detail}.")),
    }
}

/// What a parameter must be, in words that need no knowledge of Rust. All of its integers are `i` or
/// `u` and their size.
fn must_be(rust_type: &str) -> String {
    let size = rust_type.strip_prefix(['i', 'u']).unwrap_or_default();
    let is_integer = size == "size" || size.parse::<u8>().is_ok();
    if is_integer { "must be a whole number" } else { "is not valid" }.to_owned()
}

fn only(names: &[String]) -> Option<String> {
    if let [name] = names { Some(name.clone()) } else { None }
}

/// A handler asks for parameters that its route does not have.
#[derive(Debug, thiserror::Error)]
#[error("the route's parameters are not what its handler asks for: {0}")]
struct Mismatch(String);

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::Request, routing::get};
    use tower::ServiceExt;
    use uuid::Uuid;

    use super::*;

    async fn ask(path: &str) -> Result<(), Problem> {
        let router = Router::new()
            .route("/films/{id}", get(|Path(_): Path<Uuid>| async {}))
            .route("/films/{id}/shots/{number}", get(|Path(_): Path<(Uuid, u8)>| async {}))
            .route("/tags/{tag}", get(|Path(_): Path<String>| async {}))
            .route("/wrong/{one}", get(|Path(_): Path<(u8, u8)>| async {}));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        response.extensions().get::<Problem>().cloned().map_or(Ok(()), Err)
    }

    #[tokio::test]
    async fn valid_parameters_are_read() {
        ask("/films/01890a5d-0000-7000-8000-000000000000/shots/7").await.unwrap();
        ask("/tags/caf%C3%A9").await.unwrap();
    }

    #[tokio::test]
    async fn a_bad_parameter_is_named() {
        let id = "01890a5d-0000-7000-8000-000000000000";
        for (path, name) in [
            ("/films/x".to_owned(), "id: is not valid: UUID parsing failed"),
            ("/films/x/shots/7".to_owned(), "id: is not valid: UUID parsing failed"),
            (format!("/films/{id}/shots/x"), "number: must be a whole number"),
            ("/tags/%ff".to_owned(), "tag: must be percent-encoded UTF-8"),
        ] {
            let problem = ask(&path).await.unwrap_err();
            assert_eq!(problem.problem_type(), ProblemType::InvalidParameter, "{path}");
            assert!(problem.to_string().contains(name), "{path}: {problem}");
        }
    }

    #[tokio::test]
    async fn a_handler_that_does_not_fit_its_route_is_our_own_fault() {
        let problem = ask("/wrong/1").await.unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::Internal);
    }
}
