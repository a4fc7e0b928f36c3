//! A server that sends its spans somewhere, and requests that belong to a trace.

use std::ffi::OsStr;

use e2e::{Answer, Client, Server};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

/// A caller's own span, which is recorded.
pub(crate) const RECORDED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// And one that is not.
pub(crate) const NOT_RECORDED: &str = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-00";

/// A server with a data folder of its own, which goes with it.
pub(crate) struct Traced {
    pub(crate) server: Server,
    _folder: TempDir,
}

impl Traced {
    /// Sends its spans to `endpoint`; `more` is for the rest of `[telemetry]`, in the form of variables.
    pub(crate) fn start(endpoint: &str, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = [("CINELOG__TELEMETRY__OTLP_ENDPOINT", endpoint)];
        let environment: Vec<_> =
            endpoint.iter().chain(more).map(|(name, value)| (*name, OsStr::new(*value))).collect();
        let server = Server::start_in(&environment, &folder.path().join("data"), &[]);
        Self { server, _folder: folder }
    }

    /// What `/metrics` says of this, all labels together.
    pub(crate) async fn measured(&self, metric: &str) -> f64 {
        let admin = self.server.anyone().at(&self.server.admin_url);
        let text = admin.get("/metrics").await.expect(200).text;
        text.lines()
            .filter(|line| line.starts_with(metric))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

/// Makes a film, in the trace of `traceparent`.
pub(crate) async fn make_film(client: &Client, title: &str, traceparent: &str) -> Answer {
    let request = client.request(Method::POST, "/v1/movies").json(&json!({"title": title}));
    Answer::to(request.header("traceparent", traceparent)).await.expect(201)
}

/// The trace and the span that a `traceparent` names.
pub(crate) fn named(traceparent: &str) -> (String, String) {
    let mut parts = traceparent.split('-').skip(1).map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}
