//! Methods and addresses, over routers that were merged.

use crate::server::start;

#[tokio::test]
async fn an_unknown_address_is_a_404_problem_for_every_method() {
    let server = start().await;
    for method in ["GET", "POST", "OPTIONS", "BREW"] {
        let answer = server.send(method, "/v1/nothing?x=1", &[]).await;
        assert_eq!(answer.status, 404, "{method}");
        let problem = answer.problem();
        assert_eq!(problem.problem_type, "/problems/not-found");
        assert_eq!(problem.instance, "/v1/nothing");
    }
}

#[tokio::test]
async fn a_method_that_an_address_lacks_is_405_with_the_methods_of_all_routers() {
    let server = start().await;
    for (method, path, allow) in [
        ("POST", "/v1/films/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("DELETE", "/v1/films", "GET, HEAD, POST, OPTIONS"),
        ("GET", "/v1/mine", "POST, OPTIONS"),
        ("BREW", "/v1/context", "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.send(method, path, &[]).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allow));
        assert_eq!(answer.problem().problem_type, "/problems/method-not-allowed");
    }
}

#[tokio::test]
async fn options_tells_the_methods_and_has_no_body() {
    let server = start().await;
    let answer = server.send("OPTIONS", "/v1/films/1", &[]).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("allow"), Some("GET, HEAD, PUT, PATCH, DELETE, OPTIONS"));
    assert_eq!(
        answer.header("accept-patch"),
        Some("application/merge-patch+json, application/json")
    );
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("content-length"), None, "RFC 9110 section 8.6 forbids it");
}

#[tokio::test]
async fn options_may_ask_after_the_whole_server() {
    let server = start().await;
    let answer = server.send("OPTIONS", "*", &[]).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = start().await;
    for path in
        ["/v1/films/1", "/v1/films/large", "/v1/films", "/v1/nothing", "/problems", "/livez"]
    {
        for encoding in ["identity", "gzip", "br", "zstd"] {
            let headers = [("Accept-Encoding", encoding), ("X-Request-Id", "same")];
            let traced = [headers[0], headers[1], ("traceparent", TRACEPARENT)];
            let get = server.send("GET", path, &traced).await;
            let mut head = server.send("HEAD", path, &traced).await;
            assert!(head.body.is_empty(), "{path} {encoding}");
            assert_eq!(head.status, get.status);
            let mut expected = get.headers;
            // Where the length is not known beforehand, only GET says so.
            expected.remove("transfer-encoding");
            expected.remove("date");
            head.headers.remove("date");
            assert_eq!(head.headers, expected, "{path} {encoding}");
        }
    }
}

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn an_answer_without_content_has_no_length() {
    let server = start().await;
    let answer = server.send("DELETE", "/v1/films/1", &[]).await;
    assert_eq!((answer.status, answer.header("content-length")), (204, None));
}
