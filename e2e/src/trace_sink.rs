//! Takes the spans that servers send, as an OpenTelemetry Collector does (OTLP/HTTP, protobuf), and lets
//! tests look at them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span, status::StatusCode as SpanStatus},
};
use prost::Message;
use tokio::net::TcpListener;

use crate::PATIENCE;

/// How soon is looked again whether a span has come.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A span as it was received.
#[derive(Debug, Clone)]
pub struct ReceivedSpan {
    /// What it is called.
    pub name: String,
    /// 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Its trace, in hexadecimal digits, and so all ids.
    pub trace: String,
    /// It itself.
    pub id: String,
    /// The span that it belongs to; empty where it begins a trace.
    pub parent: String,
    /// The trace and the span of each link.
    pub links: Vec<(String, String)>,
    /// What is said of it.
    pub attributes: BTreeMap<String, String>,
    /// What is said of the process that it was in.
    pub resource: BTreeMap<String, String>,
    /// Whether it has failed.
    pub has_failed: bool,
    /// Whether it ended after it began.
    pub took_time: bool,
}

impl ReceivedSpan {
    /// How a request says that it belongs to this span.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.id)
    }

    fn of(resource: &BTreeMap<String, String>, span: Span) -> Self {
        let status = span.status.map_or(SpanStatus::Unset as i32, |status| status.code);
        let links = span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id)));
        Self {
            name: span.name,
            kind: span.kind,
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            links: links.collect(),
            attributes: texts(span.attributes),
            resource: resource.clone(),
            has_failed: status == SpanStatus::Error as i32,
            took_time: span.end_time_unix_nano > span.start_time_unix_nano,
        }
    }
}

/// What was received so far.
#[derive(Default)]
struct Received {
    spans: Vec<ReceivedSpan>,
    /// The headers of each request.
    headers: Vec<HeaderMap>,
}

/// A server that takes spans. It ends when it is dropped.
pub struct TraceSink {
    /// Where it is, as `telemetry.otlp_endpoint` wants it.
    pub url: String,
    received: Arc<Mutex<Received>>,
    task: tokio::task::JoinHandle<()>,
}

impl TraceSink {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one there.
    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let received = Arc::new(Mutex::new(Received::default()));
        let routes = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("it serves");
        });
        Self { url, received, task }
    }

    /// All spans that have come.
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.received.lock().expect("nobody panics with it").spans.clone()
    }

    /// The headers of all requests that have come.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.received.lock().expect("nobody panics with it").headers.clone()
    }

    /// The first span that is so, as soon as it has come.
    #[track_caller]
    pub fn wait_for(
        &self,
        what: &str,
        is_it: impl Fn(&ReceivedSpan) -> bool,
    ) -> impl Future<Output = ReceivedSpan> {
        let waiting = async move {
            loop {
                if let Some(span) = self.spans().into_iter().find(&is_it) {
                    return span;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        async move {
            match tokio::time::timeout(PATIENCE, waiting).await {
                Ok(span) => span,
                Err(_) => panic!("{what} has not come; there are {:#?}", self.spans()),
            }
        }
    }
}

impl Drop for TraceSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    State(received): State<Arc<Mutex<Received>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if headers.get("content-type").is_none_or(|it| it != "application/x-protobuf") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let spans = request.resource_spans.into_iter().flat_map(
        |ResourceSpans { resource, scope_spans, .. }| {
            let resource = texts(resource.map(|resource| resource.attributes).unwrap_or_default());
            let spans = scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.map(move |span| ReceivedSpan::of(&resource, span)).collect::<Vec<_>>()
        },
    );
    let mut received = received.lock().expect("nobody panics with it");
    received.spans.extend(spans);
    received.headers.push(headers);
    // An empty message is a success in full.
    StatusCode::OK
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|KeyValue { key, value, .. }| (key, text(value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
