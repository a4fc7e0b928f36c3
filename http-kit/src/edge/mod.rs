//! The edge: everything that surrounds the routes of both APIs, put on once, in the right order.

mod service;

pub use service::Edge;

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, header};
use identity::Verifier;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Clock, Problem, ResponseCache,
    auth::authentication,
    compression,
    limits::{self, Limits},
    methods, negotiation,
    problem::rendering,
    representation, request_log,
};

/// What the edge needs to know.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    /// Where time and request ids come from.
    pub clock: Clock,
    /// What tokens are checked with.
    pub verifier: Arc<Verifier>,
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// The longest address, path and query together, in bytes.
    pub uri_bytes_max: usize,
    /// How long a request may take until its answer begins.
    pub request_timeout: Duration,
    /// Where answers are kept that every caller may get.
    pub cache: Option<ResponseCache>,
}

impl EdgeOptions {
    /// Bodies up to 1 MiB, addresses up to 8 KiB, 60 seconds, no cache.
    #[must_use]
    pub fn new(clock: Clock, verifier: Arc<Verifier>) -> Self {
        Self {
            clock,
            verifier,
            body_bytes_max: 1024 * 1024,
            uri_bytes_max: 8 * 1024,
            request_timeout: Duration::from_secs(60),
            cache: None,
        }
    }
}

/// Surrounds `router` with all that both APIs share.
///
/// Give it the merged routes of all APIs, without fallbacks or layers of their own: merging after this
/// would panic in axum, or leave routes bare. Each layer below stands around those above it, so the last
/// one sees a request first; [`Edge`] stands around all of them.
pub fn edge(router: Router, options: EdgeOptions) -> Edge {
    let limits = Limits {
        uri_bytes_max: options.uri_bytes_max,
        body_bytes_max: options.body_bytes_max,
        request_timeout: options.request_timeout,
    };
    let routed = around_routes(router, limits, &options);
    // What must see a request before it is routed stands around the router as a whole.
    let router = Router::new()
        .fallback_service(routed)
        .layer(from_fn(methods::complete_allow))
        .layer(from_fn_with_state(limits, limits::bound_address))
        .layer(from_fn(rendering::render));
    let router = compression::compress(router)
        .layer(from_fn(representation::represent))
        .layer(from_fn(head_is_get));
    Edge::new(router, options.clock, options.cache)
}

/// What stands within the router: it can tell which route was taken, or that none was.
fn around_routes(router: Router, limits: Limits, options: &EdgeOptions) -> Router {
    let router = match router.has_routes() {
        true => router.route_layer(from_fn(negotiation::require_acceptable)),
        false => router,
    };
    router
        .method_not_allowed_fallback(methods::not_allowed)
        .fallback(methods::not_found)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(limits, limits::bound_work))
        .layer(authentication(Arc::clone(&options.verifier), options.clock.clone()))
        .layer(from_fn(request_log::note_route))
}

/// Answers HEAD as GET (RFC 9110 section 9.3.2), so that its headers are the very same: tag, coding and
/// length. axum takes the body off at the end.
async fn head_is_get(mut request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
        // A range means something to GET only (RFC 9110 section 14.2).
        request.headers_mut().remove(header::RANGE);
    }
    next.run(request).await
}

/// What every answer has: a type that is not guessed at, and a word to caches. Who says nothing says
/// that nothing may be kept.
pub(crate) fn add_defaults(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// A handler panicked.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
struct Panicked(String);

fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Problem::internal(Panicked(text)).into_response()
}
