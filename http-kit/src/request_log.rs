//! One line in the log, one count in the metrics and one span for each request.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::{Method, StatusCode};
use trace_kit::Span;

use crate::{context::ContextHeaders, metrics::RequestMetrics, rate_limits::RefusedAt};

/// The label of requests that no route matches: their paths are without number.
pub(crate) const NO_ROUTE: &str = "unmatched";

/// Records requests once their answers begin.
#[derive(Default)]
pub(crate) struct RequestLog {
    /// Metrics by route, of which there are so many as routes, methods and statuses.
    metrics: RwLock<HashMap<Box<str>, MetricsOfRoute>>,
}

type MetricsOfRoute = Vec<(&'static str, StatusCode, RequestMetrics)>;

/// A request that is being answered.
pub(crate) struct Exchange<'r> {
    pub(crate) method: &'r Method,
    pub(crate) path: &'r str,
    pub(crate) context: &'r ContextHeaders,
    pub(crate) started: Instant,
}

impl RequestLog {
    /// Counts a request, writes its line and ends its span.
    pub(crate) fn record(&self, exchange: &Exchange<'_>, response: &mut Response, mut span: Span) {
        let duration = exchange.started.elapsed();
        let matched = response.extensions_mut().remove::<MatchedPath>();
        let refused = response.extensions_mut().remove::<RefusedAt>();
        let route = matched.as_ref().map(MatchedPath::as_str);
        let route = route.or(refused.as_ref().map(|RefusedAt(route)| &**route));
        let is_routed = route.is_some();
        let route = route.unwrap_or(NO_ROUTE);
        let (method, status) = (method_label(exchange.method), response.status());
        self.with_metrics(route, method, status, |metrics| metrics.record(duration));
        let (request_id, traceparent) = exchange.context.texts();
        tracing::info!(
            request_id,
            traceparent,
            method,
            route,
            path = exchange.path,
            status = status.as_u16(),
            duration_ms = duration.as_secs_f64() * 1000.0,
            "request"
        );
        span.rename(|| format!("{method} {route}"));
        span.set("http.response.status_code", i64::from(status.as_u16()));
        if is_routed {
            span.set_text("http.route", route);
        }
        if status.is_server_error() {
            span.fail("");
        }
    }

    /// Looks the metrics up, and registers them the first time.
    fn with_metrics(
        &self,
        route: &str,
        method: &'static str,
        status: StatusCode,
        record: impl FnOnce(&RequestMetrics),
    ) {
        let is_it = |(of, with, _): &&(&str, _, _)| *of == method && *with == status;
        let known = self.metrics.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., metrics)) = known.get(route).and_then(|all| all.iter().find(is_it)) {
            return record(metrics);
        }
        drop(known);
        let metrics = RequestMetrics::new(method, route, status);
        record(&metrics);
        let mut known = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(route.into()).or_default().push((method, status, metrics));
    }
}

/// Says of a request's span what is known at its beginning: its client may go away before its end.
pub(crate) fn describe<B>(span: &mut Span, request: &http::Request<B>, context: &ContextHeaders) {
    span.set("http.request.method", method_label(request.method()));
    span.set_text("url.path", request.uri().path());
    span.set_text("cinelog.request_id", context.texts().0);
}

/// Tells [`RequestLog`], which stands outside the router, which route was taken.
pub(crate) async fn note_route(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
}

/// The method, if the standard has it: clients can make up any number of others.
pub(crate) fn method_label(method: &Method) -> &'static str {
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
