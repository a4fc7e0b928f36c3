//! Request ids and traces, in and out.

use crate::server::start;

#[tokio::test]
async fn a_request_id_reaches_the_handler_and_comes_back() {
    let server = start().await;
    let answer = server.send("GET", "/v1/context", &[("X-Request-Id", "abc-123")]).await;
    assert_eq!(answer.header("x-request-id"), Some("abc-123"));
    assert_eq!(answer.body, b"abc-123");
}

#[tokio::test]
async fn a_request_id_that_is_no_good_is_replaced() {
    let server = start().await;
    let answer = server.send("GET", "/v1/context", &[("X-Request-Id", "a b")]).await;
    let id = answer.header("x-request-id").unwrap();
    assert_eq!((id.len(), id.as_bytes()), (36, answer.body.as_slice()));
}

#[tokio::test]
async fn a_trace_is_carried_on_or_begun() {
    let server = start().await;
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = server.send("GET", "/v1/context", &[("traceparent", given)]).await;
    assert_eq!(answer.header("traceparent"), Some(given));
    let answer = server.send("GET", "/v1/context", &[]).await;
    assert_eq!(answer.header("traceparent").unwrap().len(), given.len());
}
