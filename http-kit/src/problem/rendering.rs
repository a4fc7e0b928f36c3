//! Where every failure becomes `application/problem+json`: the only place that writes one.

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};

use super::{Problem, ProblemDocument, ProblemType};
use crate::RequestContext;

/// Headers that described the body which a problem takes the place of.
const OF_A_BODY: [header::HeaderName; 6] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
];

/// Renders the problem that a response carries, and gives failures that carry none, such as axum's
/// own, the problem of their status. What is a document of its own (in JSON) is left alone.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let context = request.extensions().get::<RequestContext>().cloned();
    let mut response = next.run(request).await;
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if is_bare_failure(&response) => {
            Problem::new(ProblemType::of_status(response.status()))
        }
        None => return response,
    };
    let request_id = context.map(|context| context.request_id).unwrap_or_default();
    replace(response, problem, uri.path(), request_id)
}

/// A problem as the whole answer to the request with this id to `path`, for who stands outside of [`render`].
pub(crate) fn rendered(problem: Problem, path: &str, request_id: &str) -> Response {
    replace(Response::default(), problem, path, request_id.to_owned())
}

impl Problem {
    /// The problem as it is sent in answer to the request with this id to `path`, for handlers that
    /// answer with several. It is logged here, as every problem is.
    #[must_use]
    pub fn into_document(self, path: &str, request_id: &str) -> ProblemDocument {
        log(&self, path, request_id);
        ProblemDocument::new(self, path, request_id.to_owned())
    }
}

fn is_bare_failure(response: &Response) -> bool {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    failed && !is_json(response.headers())
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence == "application/json" || essence.ends_with("+json")
}

/// Failures of the server are logged here, once, with what led to them; failures of clients are no
/// more than a line in the request log.
fn log(problem: &Problem, path: &str, request_id: &str) {
    let kind = problem.problem_type();
    let cause = problem.0.cause.as_deref().or(problem.0.detail.as_deref()).unwrap_or_default();
    match kind {
        ProblemType::Internal => {
            tracing::error!(request_id, path, problem = kind.slug(), cause, "request failed");
        }
        // How long to wait for the read model was the client's choice: nothing failed here.
        ProblemType::NotCaughtUp => {
            tracing::debug!(request_id, path, problem = kind.slug(), cause, "not caught up");
        }
        _ if kind.status().is_server_error() => {
            tracing::warn!(request_id, path, problem = kind.slug(), cause, "request failed");
        }
        _ => {}
    }
}

/// The rendered problem in place of `response`, of which the headers that are not about its body stay
/// (such as `Allow`, which axum adds).
fn replace(response: Response, problem: Problem, path: &str, request_id: String) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = problem.problem_type().status();
    OF_A_BODY.iter().for_each(|name| drop(parts.headers.remove(name)));
    for (name, value) in problem.headers() {
        parts.headers.insert(name, value.clone());
    }
    let media_type = HeaderValue::from_static(ProblemDocument::MEDIA_TYPE);
    parts.headers.insert(header::CONTENT_TYPE, media_type);
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let document = problem.into_document(path, &request_id);
    match serde_json::to_vec(&document) {
        Ok(body) => Response::from_parts(parts, Body::from(body)),
        Err(_) => parts.status.into_response(),
    }
}
