//! The pages that `type` leads to.

use axum::Router;

/// Serves `/problems` and `/problems/{slug}`.
pub fn problem_pages() -> Router {
    Router::new()
}
