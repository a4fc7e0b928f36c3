//! Requests, and what tests look at in the answers.

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_kit::{Edge, Problem, ResponseCache};
use serde_json::Value;
use tower::ServiceExt;

/// The routes as they are served.
#[derive(Clone)]
pub(crate) struct Node {
    pub(super) edge: Edge,
    pub(crate) cache: Option<ResponseCache>,
}

/// An answer as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: axum::body::Bytes,
}

impl Node {
    /// Asks with a method and headers.
    pub(crate) async fn ask(&self, method: &str, address: &str, headers: &[(&str, &str)]) -> Sent {
        let response = self.edge.clone().oneshot(request(method, address, headers)).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Sent { status: parts.status, headers: parts.headers, body }
    }

    /// Asks with GET.
    pub(crate) async fn get(&self, address: &str) -> Sent {
        self.ask("GET", address, &[]).await
    }
}

impl Sent {
    /// The position that it says it shows.
    pub(crate) fn position(&self) -> Option<u64> {
        self.headers.get("cinelog-position")?.to_str().unwrap().parse().ok()
    }

    /// All that has to be the same however the answer came about.
    pub(crate) fn essence(mut self) -> Self {
        // A body of known length is not chunked.
        let framing = ["content-length"];
        let of_the_request = ["x-request-id", "traceparent", "cinelog-position"];
        for name in framing.iter().chain(&of_the_request) {
            self.headers.remove(*name);
        }
        self
    }
}

/// A request without a body.
pub(super) fn request(method: &str, address: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// An answer, with its body read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `Null` where there is no body.
    pub(crate) json: Value,
    pub(crate) problem: Option<Problem>,
}

impl Answer {
    /// A header as text, empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The values of one field of all items.
    pub(crate) fn each(&self, field: &str) -> Vec<Value> {
        self.json["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
    }

    /// The titles of all items.
    pub(crate) fn titles(&self) -> Vec<String> {
        self.each("title").iter().map(|title| title.as_str().unwrap().to_owned()).collect()
    }

    /// One of the list's links.
    pub(crate) fn link(&self, rel: &str) -> Option<String> {
        self.json["links"][rel].as_str().map(str::to_owned)
    }
}
