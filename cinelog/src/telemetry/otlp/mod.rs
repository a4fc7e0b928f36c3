//! Spans of this process, on their way to an OpenTelemetry Collector.
//!
//! - `sampler` says which spans are recorded;
//! - `queue` takes those that have ended, as many as it has room for, and never waits;
//! - `exporting` sends what is in the queue, and gives up what is not taken in time;
//! - `client` is how it is sent: address, headers, TLS.
//!
//! So whoever ends a span does no more than to put it into the queue, whatever the Collector does.

mod client;
mod exporting;
mod measure;
mod queue;
mod sampler;

use std::{sync::Arc, time::Duration};

use opentelemetry::{KeyValue, global::BoxedTracer, trace::TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{exporting::Exporting, queue::Queue, sampler::AsAsked};
use crate::{
    config::{Roles, TelemetryConfig},
    error::Failure,
};

/// What is added to the address (OTLP specification, "OTLP/HTTP Request").
const TRACES_PATH: &str = "/v1/traces";

/// How long the last spans may take at the end of the process.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// The sending of spans, which goes on until it is [finished](Self::finish).
pub(crate) struct Traces {
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// Spans are recorded as long as it is there.
    _provider: SdkTracerProvider,
}

impl Traces {
    /// Records the spans of this process from now on, where the configuration says where they go.
    /// `instance` tells it from others.
    ///
    /// # Errors
    /// Where a file cannot be read or used. Not where nobody answers at the address.
    pub(crate) fn start(
        config: &TelemetryConfig,
        roles: &Roles,
        instance: Uuid,
    ) -> Result<Option<Self>, Failure> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
        measure::describe();
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", instance.to_string()))
            .with_attribute(KeyValue::new("cinelog.roles", roles.to_string()))
            .build();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_shared_http_client(Arc::new(client::new(config)?))
            .with_headers(client::headers(config)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}{TRACES_PATH}", endpoint.trim_end_matches('/')))
            .with_timeout(config.otlp_timeout)
            .build()
            .map_err(|error| Failure::Other(format!("telemetry.otlp_endpoint: {error}")))?;
        let (queue, ended) = Queue::new();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(AsAsked::new(config.sampling_ratio))
            .with_span_processor(queue)
            .build();
        let tracer = BoxedTracer::new(Box::new(provider.tracer("cinelog")));
        trace_kit::record_with(tracer)
            .map_err(|_| Failure::Other("spans are recorded already".to_owned()))?;
        let stop = CancellationToken::new();
        let exporting = Exporting::new(exporter, &resource, ended, config.otlp_timeout);
        let task = tokio::spawn(exporting.run(stop.clone()));
        Ok(Some(Self { stop, task, _provider: provider }))
    }

    /// Sends what has ended by now, if it is taken at once, and ends.
    pub(crate) async fn finish(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(FLUSH_MAX, &mut self.task).await.is_err() {
            tracing::warn!("the last spans were not taken in time");
            self.task.abort();
        }
    }
}
