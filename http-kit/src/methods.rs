//! Addresses that do not exist, and methods that an address does not have.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{Problem, ProblemType, json::ACCEPT_PATCH};

/// The methods that some address here may have, in the order in which `Allow` lists them.
const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The answer where no route is.
pub(crate) async fn not_found() -> Problem {
    Problem::new(ProblemType::NotFound).detail("No resource has this address.")
}

/// The answer where a route is, but not for this method. axum adds `Allow` to it, and
/// [`complete_allow`] completes that.
pub(crate) async fn not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new(ProblemType::MethodNotAllowed).into_response()
}

/// Makes `Allow` exact: axum knows the methods of the merged routes, but not that `OPTIONS` is answered
/// everywhere. Answers `OPTIONS *`, which asks after the server as a whole (RFC 9110 section 9.3.7).
pub(crate) async fn complete_allow(request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS && request.uri().path() == "*" {
        return (StatusCode::NO_CONTENT, [(header::ALLOW, KNOWN.join(", "))]).into_response();
    }
    let mut response = next.run(request).await;
    if let Some(allowed) = allowed(response.headers()) {
        if allowed.contains("PATCH") {
            let (name, formats) = ACCEPT_PATCH;
            response.headers_mut().insert(name, formats);
        }
        if let Ok(allowed) = HeaderValue::try_from(allowed) {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    response
}

/// The methods in `Allow`, each once, with `OPTIONS`; `None` where there is no `Allow`.
fn allowed(headers: &HeaderMap) -> Option<String> {
    let listed = headers.get(header::ALLOW)?.to_str().ok()?;
    let listed: Vec<&str> = listed.split(',').map(str::trim).collect();
    let allowed = KNOWN.into_iter().filter(|name| *name == "OPTIONS" || listed.contains(name));
    Some(allowed.collect::<Vec<_>>().join(", "))
}
