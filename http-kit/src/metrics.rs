//! Prometheus metrics: the recorder of this process, what the edge records, and `/metrics`.

use std::time::Duration;

use axum::{Router, response::IntoResponse, routing::get};
use http::{StatusCode, header};
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "cinelog_http_requests_total";
const DURATION: &str = "cinelog_http_request_duration_seconds";

/// Upper bounds of the buckets of durations, in seconds: from a cached read to the longest wait.
const DURATION_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Upper bounds of the buckets of what is counted in appends or events: the sizes of batches.
const BATCH_BUCKETS: [f64; 11] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// How often samples that nobody has asked for are folded together.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Why metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded: {0}")]
pub struct MetricsError(#[from] metrics_exporter_prometheus::BuildError);

/// The recorder of this process. Everything recorded with the macros of the `metrics` crate shows up
/// here; what is described before it is installed does so without its description.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Becomes the recorder of this process.
    ///
    /// # Errors
    /// [`MetricsError`] where there is one already.
    pub fn install() -> Result<Self, MetricsError> {
        let handle = builder()?.install_recorder()?;
        describe();
        Ok(Self(handle))
    }

    /// Serves `GET /metrics` in Prometheus' text format (0.0.4).
    pub fn router(&self) -> Router {
        let handle = self.0.clone();
        let answer = async move || {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, handle.render()).into_response()
        };
        Router::new().route("/metrics", get(answer))
    }

    /// Keeps the memory that unread samples take bounded. Runs for ever: spawn it, or select on it.
    pub async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            self.0.run_upkeep();
        }
    }
}

fn builder() -> Result<PrometheusBuilder, MetricsError> {
    let durations = Matcher::Suffix("_seconds".to_owned());
    let appends = Matcher::Suffix("_appends".to_owned());
    let events = Matcher::Suffix("_events".to_owned());
    Ok(PrometheusBuilder::new()
        .with_recommended_naming(true)
        .set_buckets_for_metric(durations, &DURATION_BUCKETS)?
        .set_buckets_for_metric(appends, &BATCH_BUCKETS)?
        .set_buckets_for_metric(events, &BATCH_BUCKETS)?)
}

fn describe() {
    describe_counter!(REQUESTS, Unit::Count, "Requests answered, by method, route and status.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Time until the answer began, by method, route and status."
    );
}

/// What is recorded of requests with the same method, route and status. All three are taken from closed
/// sets. The recorder of this process must have been installed before.
pub(crate) struct RequestMetrics {
    requests: Counter,
    duration: Histogram,
}

impl RequestMetrics {
    /// Looks them up.
    pub(crate) fn new(method: &'static str, route: &str, status: StatusCode) -> Self {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        Self { requests: counter!(REQUESTS, &labels), duration: histogram!(DURATION, &labels) }
    }

    /// Records one answered request.
    pub(crate) fn record(&self, duration: Duration) {
        self.requests.increment(1);
        self.duration.record(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_help_type_unit_and_buckets() {
        let recorder = builder().unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            let film = RequestMetrics::new("GET", "/v1/movies/{id}", StatusCode::OK);
            film.record(Duration::from_millis(3));
        });
        let text = handle.render();
        let labels = r#"method="GET",route="/v1/movies/{id}",status="200""#;
        for line in [
            "# HELP cinelog_http_requests_total Requests answered, by method, route and status.",
            "# TYPE cinelog_http_requests_total counter",
            &format!("cinelog_http_requests_total{{{labels}}} 1"),
            "# TYPE cinelog_http_request_duration_seconds histogram",
            &format!("cinelog_http_request_duration_seconds_bucket{{{labels},le=\"0.0025\"}} 0"),
            &format!("cinelog_http_request_duration_seconds_bucket{{{labels},le=\"0.005\"}} 1"),
            &format!("cinelog_http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 1"),
            &format!("cinelog_http_request_duration_seconds_sum{{{labels}}} 0.003"),
            &format!("cinelog_http_request_duration_seconds_count{{{labels}}} 1"),
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n\n{text}");
        }
    }
}
