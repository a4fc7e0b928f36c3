//! One line in the log and one count in the metrics for each request.

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

use crate::{context::ContextHeaders, metrics::RequestMetrics};

/// The label of requests that no route matches: their paths are without number.
const NO_ROUTE: &str = "unmatched";

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
    /// Counts a request, and writes its line.
    pub(crate) fn record(&self, exchange: &Exchange<'_>, response: &mut Response) {
        let duration = exchange.started.elapsed();
        let matched = response.extensions_mut().remove::<MatchedPath>();
        let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
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
