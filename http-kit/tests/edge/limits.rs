//! Bounds on size and time.

use std::time::Duration;

use axum::body::Body;
use futures::stream;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::server::{BODY_BYTES_MAX, service, start};

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
