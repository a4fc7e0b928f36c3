//! The edge: everything that surrounds the routes of both APIs, put on once, in the right order.

mod protection;
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
use identity::{Authenticator, audit::Refusals};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Clock, Cors, Problem, RateLimits, ResponseCache, TrustedProxies,
    access::{AccessTable, enforce},
    auth::{Complaints, Gate},
    compression,
    limits::{self, Limits},
    methods, negotiation,
    places::Places,
    problem::rendering,
    representation, request_log, unreadable,
};

/// What the edge needs to know.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    /// Where time and request ids come from.
    pub clock: Clock,
    /// Says who a credential speaks for.
    pub authenticator: Arc<Authenticator>,
    /// What each route takes. A route without a row is refused.
    pub access: Arc<AccessTable>,
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// The longest address, path and query together, in bytes.
    pub uri_bytes_max: usize,
    /// How long a request may take until its answer begins.
    pub request_timeout: Duration,
    /// How many requests are worked on at once; more are answered 503.
    pub requests_max: usize,
    /// The origins whose pages may read answers; none, where there is nothing.
    pub cors: Option<Cors>,
    /// For how long browsers shall come by TLS only (RFC 6797), in seconds; not said where there is nothing.
    pub hsts_max_age_s: Option<u64>,
    /// Where answers are kept that every caller may get.
    pub cache: Option<ResponseCache>,
    /// The proxies that are believed who came to them.
    pub trusted_proxies: TrustedProxies,
    /// How much each caller may do; everything, where there is nothing.
    pub rate_limits: Option<RateLimits>,
    /// Where refusals are handed in for the audit trail, where there is one.
    pub refusals: Option<Refusals>,
}

impl EdgeOptions {
    /// Bodies up to 1 MiB, addresses up to 8 KiB, 60 seconds, 1024 requests at once, no pages of other origins, no cache, nobody behind proxies.
    #[must_use]
    pub fn new(clock: Clock, authenticator: Arc<Authenticator>, access: Arc<AccessTable>) -> Self {
        Self {
            clock,
            authenticator,
            access,
            body_bytes_max: 1024 * 1024,
            uri_bytes_max: 8 * 1024,
            request_timeout: Duration::from_secs(60),
            requests_max: 1024,
            cors: None,
            hsts_max_age_s: None,
            cache: None,
            trusted_proxies: TrustedProxies::none(),
            rate_limits: None,
            refusals: None,
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
        places: Places::new(options.requests_max),
    };
    let gate = Arc::new(Gate {
        access: Arc::clone(&options.access),
        authenticator: Arc::clone(&options.authenticator),
        clock: options.clock.clone(),
        complaints: Complaints::default(),
    });
    let routed = around_routes(router, limits.clone(), Arc::clone(&gate));
    // What must see a request before it is routed stands around the router as a whole.
    let router = Router::new()
        .fallback_service(routed)
        .layer(from_fn(methods::complete_allow))
        .layer(from_fn_with_state(limits, limits::bound_address))
        .layer(from_fn(unreadable::answer_unreadable))
        .layer(from_fn(rendering::render));
    let router = compression::compress(router)
        .layer(from_fn(representation::represent))
        .layer(from_fn(head_is_get));
    Edge::new(router, gate, options)
}

/// What stands within the router: it can tell which route was taken, or that none was.
fn around_routes(router: Router, limits: Limits, gate: Arc<Gate>) -> Router {
    let router = match router.has_routes() {
        true => router
            .route_layer(from_fn(negotiation::require_acceptable))
            .route_layer(from_fn_with_state(gate, enforce)),
        false => router,
    };
    router
        .method_not_allowed_fallback(methods::not_allowed)
        .fallback(methods::not_found)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(limits, limits::bound_work))
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

/// What every answer has: what browsers must not do with it, and a word to caches. Who says nothing says
/// that nothing may be kept.
pub(crate) fn add_defaults(headers: &mut HeaderMap) {
    protection::protect(headers);
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
