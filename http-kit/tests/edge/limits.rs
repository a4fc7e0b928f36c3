//! Bounds on size and time.

use std::time::Duration;

use axum::body::Body;
use futures::stream;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use http_kit::Clock;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::ServiceExt;

use crate::server::{BODY_BYTES_MAX, service, service_with, start};

#[tokio::test]
async fn a_body_that_announces_itself_as_too_large_is_refused_unread() {
    let server = start().await;
    let headers = [("Content-Type", "application/json"), ("Content-Length", "99999999999")];
    let answer = server.send_body("POST", "/v1/films", &headers, b"").await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.problem().problem_type, "/problems/payload-too-large");
}

#[tokio::test]
async fn a_body_in_chunks_is_bounded_too() {
    let server = start().await;
    let headers = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")];
    let chunk = "x".repeat(1024);
    let body = format!("400\r\n{chunk}\r\n").repeat(5) + "0\r\n\r\n";
    let answer = server.send_body("POST", "/v1/films", &headers, body.as_bytes()).await;
    assert_eq!(answer.status, 413);
    let answer = server.send_body("POST", "/v1/bytes", &headers, body.as_bytes()).await;
    assert_eq!(answer.status, 413, "axum's own extractors are bounded as well");
}

#[tokio::test]
async fn the_largest_body_is_read_and_one_byte_more_is_not() {
    let server = start().await;
    let largest = format!("{{\"title\":\"{}\"}}", "x".repeat(BODY_BYTES_MAX - 12));
    assert_eq!(largest.len(), BODY_BYTES_MAX);
    assert_eq!(server.post_json("/v1/films", &largest).await.status, 201);
    assert_eq!(server.post_json("/v1/films", &format!("{largest} ")).await.status, 413);
}

#[tokio::test]
async fn an_address_may_have_8_kib() {
    let server = start().await;
    let path = |bytes: usize| format!("/v1/context?{}", "x".repeat(bytes - 12));
    assert_eq!(server.send("GET", &path(8192), &[]).await.status, 200);
    let answer = server.send("GET", &path(8193), &[]).await;
    assert_eq!(answer.problem().problem_type, "/problems/uri-too-long");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_too_long_says_503() {
    let request = Request::get("/v1/slow").body(Body::empty()).unwrap();
    let response = service().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_no_way_around_the_places() {
    let service =
        service_with(&Clock::fixed(Timestamp::UNIX_EPOCH), |options| options.requests_max = 1);
    for method in ["GET", "POST"] {
        let ask = || {
            let never =
                Body::from_stream(stream::pending::<Result<bytes::Bytes, std::io::Error>>());
            let request = Request::builder().method(method).uri("/v1/slow").body(never).unwrap();
            service.clone().oneshot(request)
        };
        let mut first = Box::pin(ask());
        assert!(futures::poll!(&mut first).is_pending(), "it is worked on");
        let second = tokio::time::timeout(Duration::from_secs(5), ask()).await;
        let second = second.expect("it is not worked on").unwrap();
        assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE, "{method}");
        assert_eq!(second.headers()["retry-after"], "1");
        drop(first);
        let after = Request::get("/v1/context").body(Body::empty()).unwrap();
        let after = service.clone().oneshot(after).await.unwrap();
        assert_eq!(after.status(), StatusCode::OK, "the place is free again");
    }
}

#[tokio::test]
async fn a_deletion_whose_body_never_comes_takes_no_place() {
    let service =
        service_with(&Clock::fixed(Timestamp::UNIX_EPOCH), |options| options.requests_max = 1);
    let never = Body::from_stream(stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let deletion = Request::delete("/v1/films/1").body(never).unwrap();
    let mut deletion = Box::pin(service.clone().oneshot(deletion));
    assert!(futures::poll!(&mut deletion).is_pending(), "it waits for its body");
    let beside = Request::get("/v1/context").body(Body::empty()).unwrap();
    let beside = service.oneshot(beside).await.unwrap();
    assert_eq!(beside.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_finds_no_place_when_its_body_has_come_is_refused_once() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let counted = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let service =
        service_with(&Clock::fixed(Timestamp::UNIX_EPOCH), |options| options.requests_max = 1);
    let slow = Request::get("/v1/slow").body(Body::empty()).unwrap();
    let mut slow = Box::pin(service.clone().oneshot(slow));
    assert!(futures::poll!(&mut slow).is_pending(), "it has the place");
    let body = stream::iter([Ok::<_, std::io::Error>("{\"title\": \"Stalker\"}")]);
    let request = Request::post("/v1/films").header("content-type", "application/json");
    let refused = service.oneshot(request.body(Body::from_stream(body)).unwrap()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let said = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&said).contains("Nothing was done."), "{said:?}");
    let counted = counted.render();
    assert!(counted.contains("cinelog_http_requests_over_limit_total 1\n"), "{counted}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_too_long_is_told_408() {
    let never = Body::from_stream(stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let request = Request::post("/v1/films").header("content-type", "application/json");
    let response = service().oneshot(request.body(never).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_reads_the_body_as_it_comes_is_bounded_by_neither_size_nor_time() {
    let chunks = stream::unfold(0, |sent| async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let chunk = Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b'x'; BODY_BYTES_MAX]));
        (sent < 10).then_some((chunk, sent + 1))
    });
    let request = Request::post("/v1/streamed")
        .header("content-type", "application/x-ndjson")
        .header("accept-encoding", "gzip");
    let response =
        service().oneshot(request.body(Body::from_stream(chunks)).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("content-encoding"), "lines are not kept back");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(format!("{}\n", 10 * BODY_BYTES_MAX).as_bytes()));
}
