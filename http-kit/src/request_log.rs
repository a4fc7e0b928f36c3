//! One line in the log and one count in the metrics for each request.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::Method;

use crate::{RequestContext, metrics::record_request};

/// The label of requests that no route matches: their paths are without number.
const NO_ROUTE: &str = "unmatched";

/// Records a request once its answer begins.
pub(crate) async fn record(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let context = request.extensions().get::<RequestContext>().cloned();
    let mut response = next.run(request).await;
    let duration = started.elapsed();
    let matched = response.extensions_mut().remove::<MatchedPath>();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let status = response.status();
    record_request(method_label(&method), route, status, duration);
    tracing::info!(
        request_id = context.as_ref().map(|context| context.request_id.as_str()),
        traceparent = context.as_ref().and_then(|context| context.traceparent.as_deref()),
        method = method_label(&method),
        route,
        path = uri.path(),
        status = status.as_u16(),
        duration_ms = duration.as_secs_f64() * 1000.0,
        "request"
    );
    response
}

/// Tells [`record`], which stands outside the router, which route was taken.
pub(crate) async fn note_route(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
}

/// The method, if the standard has it: clients can make up any number of others.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "other",
    }
}
