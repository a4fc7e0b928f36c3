//! Whoever runs Cinelog watches it by what `deploy/` has for that: dashboards and alerts ask for metrics that
//! there are, and each alert says what to do. Prometheus itself is asked: `scripts/prometheus` installs it.

mod alerts;
mod expressions;
mod metrics;
mod prometheus;
mod queries;
mod running;
