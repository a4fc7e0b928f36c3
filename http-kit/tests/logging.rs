//! What is written to the log: a line for each request, and each failure of the server once.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without fails it")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, routing::get};
use http::Request;
use http_kit::{
    Clock, EdgeOptions, Problem, ProblemType,
    access::{AccessTable, RateGroup, Row, Takes},
    edge,
};
use identity::{KeyRing, Realm, Verifier};
use jiff::Timestamp;
use serde_json::Value;
use tower::ServiceExt;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn disk_fails() -> Problem {
    Problem::internal(io::Error::other("the disk is full"))
}

/// The log lines of one request, as JSON.
async fn log_of(path: &str) -> Vec<Value> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let realm = Realm { issuer: "test".to_owned(), audience: "test".to_owned() };
    let authenticator = Arc::new(Verifier::new(realm, KeyRing::default()).into());
    let routes = Router::new()
        .route("/v1/films/{id}", get(async || "film"))
        .route("/v1/fails", get(disk_fails))
        .route("/v1/late", get(async || Problem::new(ProblemType::NotCaughtUp)));
    let rows = ["/v1/films/{id}", "/v1/fails", "/v1/late"];
    let rows = rows.map(|path| Row::get(path, Takes::Anyone, RateGroup::Read));
    let access = Arc::new(AccessTable::new(rows).unwrap());
    let options = EdgeOptions::new(Clock::fixed(Timestamp::UNIX_EPOCH), authenticator, access);
    let service = Router::from(edge(routes, options));
    let request = Request::get(path).header("x-request-id", "abc").body(Body::empty()).unwrap();
    service.oneshot(request).await.unwrap();
    let bytes = log.0.lock().unwrap().clone();
    let lines = String::from_utf8(bytes).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn each_request_is_one_line_without_its_query() {
    let lines = log_of("/v1/films/7?q=private").await;
    assert_eq!(lines.len(), 1);
    let fields = &lines[0]["fields"];
    assert_eq!(fields["message"], "request");
    assert_eq!(fields["request_id"], "abc");
    assert_eq!(fields["method"], "GET");
    assert_eq!(fields["route"], "/v1/films/{id}");
    assert_eq!(fields["path"], "/v1/films/7");
    assert_eq!(fields["status"], 200);
    assert!(fields["duration_ms"].is_f64() && fields["traceparent"].is_string());
    assert!(!lines[0].to_string().contains("private"));
}

#[tokio::test]
async fn a_failure_of_the_server_is_logged_once_with_its_cause() {
    let lines = log_of("/v1/fails").await;
    let failures: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!((lines.len(), failures.len()), (2, 1));
    let fields = &failures[0]["fields"];
    assert_eq!(fields["cause"], "the disk is full");
    assert_eq!(fields["problem"], "internal");
    assert_eq!(fields["request_id"], "abc");
}

#[tokio::test]
async fn a_client_that_waits_no_longer_is_no_more_than_its_request() {
    let lines = log_of("/v1/late").await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["fields"]["status"], 503);
}

#[tokio::test]
async fn a_failure_of_the_client_is_no_error_of_ours() {
    let lines = log_of("/v1/nothing").await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["fields"]["route"], "unmatched");
    assert_eq!(lines[0]["level"], "INFO");
}
