//! What Prometheus sees of requests. A binary of its own: a process has one recorder.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without fails it")]

use std::sync::Arc;

use axum::{Router, body::Body, routing::get};
use http::{Method, Request};
use http_body_util::BodyExt;
use http_kit::{
    Clock, EdgeOptions, Metrics,
    access::{AccessTable, RateGroup, Row, Takes},
    edge,
};
use identity::{KeyRing, Realm, Verifier};
use jiff::Timestamp;
use tower::ServiceExt;

async fn send(router: &Router, method: &str, path: &str) -> String {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

#[tokio::test]
async fn requests_are_counted_by_method_route_and_status_and_labels_are_bounded() {
    let metrics = Metrics::install().unwrap();
    assert!(Metrics::install().is_err(), "a process has one recorder");
    let realm = Realm { issuer: "test".to_owned(), audience: "test".to_owned() };
    let authenticator = Arc::new(Verifier::new(realm, KeyRing::default()).into());
    let routes = Router::new().route("/v1/films/{id}", get(async || "film"));
    let rows = [Row::get("/v1/films/{id}", Takes::Anyone, RateGroup::Read)];
    let access = Arc::new(AccessTable::new(rows).unwrap());
    let options = EdgeOptions::new(Clock::fixed(Timestamp::UNIX_EPOCH), authenticator, access);
    let service = Router::from(edge(routes, options));

    for number in 0..20 {
        send(&service, "GET", &format!("/v1/films/{number}")).await;
        send(&service, "GET", &format!("/made-up/{number}")).await;
        send(&service, &format!("MADEUP{number}"), "/v1/films/1").await;
    }
    send(&service, "HEAD", "/v1/films/1").await;
    send(&service, "GET", &format!("/v1/films/{}", "x".repeat(9000))).await;

    let text = send(&metrics.router(), "GET", "/metrics").await;
    let mut counts: Vec<_> =
        text.lines().filter(|line| line.starts_with("cinelog_http_requests_total{")).collect();
    counts.sort_unstable();
    let expected = [
        r#"cinelog_http_requests_total{method="GET",route="/v1/films/{id}",status="200"} 20"#,
        r#"cinelog_http_requests_total{method="GET",route="unmatched",status="404"} 20"#,
        r#"cinelog_http_requests_total{method="GET",route="unmatched",status="414"} 1"#,
        r#"cinelog_http_requests_total{method="HEAD",route="/v1/films/{id}",status="200"} 1"#,
        r#"cinelog_http_requests_total{method="other",route="/v1/films/{id}",status="405"} 20"#,
    ];
    assert_eq!(counts, expected);
    assert!(text.contains("# TYPE cinelog_http_request_duration_seconds histogram"));
    assert!(text.contains("# HELP cinelog_http_request_duration_seconds Time until"));
}
