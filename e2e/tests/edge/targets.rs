//! Addresses of requests that browsers do not send (RFC 9112 section 3.2).

use e2e::Server;

use crate::sockets::{address, exchange, statuses};

/// What a request is answered, and that it is a problem with a request id where it is refused.
async fn answer(server: &Server, request_line: &str, host: &str) -> (u16, String) {
    let request = format!("{request_line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = exchange(server, request.as_bytes()).await;
    let [status] = statuses(&answer)[..] else { panic!("{request_line}: {answer}") };
    let lower = answer.to_lowercase();
    assert!(lower.contains("\r\nx-request-id: "), "{request_line}: {answer}");
    if status >= 400 {
        assert!(lower.contains("\r\ncontent-type: application/problem+json"), "{answer}");
    }
    (status, answer)
}

#[tokio::test]
async fn an_address_that_is_none_is_answered_400_and_nothing_after_it_is_read() {
    let server = Server::start();
    for request_line in [
        "GET *",
        "HEAD *",
        "POST *",
        "OPTIONS **",
        "GET x:/v1",
        "GET x:80",
        "GET films.example:443",
        "GET v1/movies",
        "GET ?q=heat",
        "GET #",
        "GET /v1/movies#top",
        "GET \\v1\\movies",
        "GET http:/v1",
        "GET http:films",
        "GET http:///v1/movies",
        "GET http://ann:secret@films.example/v1/movies",
        "GET http://films.example:eighty/v1",
        "GET http://[::1/v1",
        "GET http://films.example/v1#top",
        "GET ftp://films.example/v1/movies",
        "GET ://films.example/v1",
        "GET mailto:ann@films.example",
        "GET /v1/<script>",
        "GET /v1/movies?q=\"heat\"",
        "GET /v1/\u{1}movies",
        "GET /v1/movies?q=\u{7f}",
        "GET /v1/\tmovies",
        "GET /v1/movies?q=a b",
        "CONNECT /v1",
        "CONNECT http://films.example/v1",
    ] {
        let next = "GET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
        let request = format!("{request_line} HTTP/1.1\r\nHost: x\r\n\r\n{next}");
        let answers = exchange(&server, request.as_bytes()).await;
        assert_eq!(statuses(&answers), [400], "{request_line:?}: {answers}");
        let lower = answers.to_lowercase();
        let is_head = request_line.starts_with("HEAD");
        for part in
            ["content-type: application/problem+json", "x-request-id: ", "connection: close"]
        {
            assert!(lower.contains(part), "{request_line:?}: {answers}");
        }
        assert!(is_head || lower.contains("malformed-request"), "{request_line:?}: {answers}");
        assert!(!answers.contains("secret"), "{answers}");
    }
    // Bytes that are no text.
    let answers = exchange(&server, b"GET /v1/\xe9 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(statuses(&answers), [400], "{answers}");
    assert!(answers.contains("application/problem+json"), "{answers}");
}

#[tokio::test]
async fn a_whole_url_is_answered_as_its_path_whatever_host_it_names() {
    let server = Server::start();
    let here = address(&server);
    for url in [
        format!("http://{here}"),
        format!("HTTP://{here}"),
        format!("https://{here}"),
        "http://films.example".to_owned(),
        "http://films.example:8080".to_owned(),
        "http://[::1]:80".to_owned(),
    ] {
        let (status, whole) = answer(&server, &format!("GET {url}/v1/movies?limit=1"), "x").await;
        assert_eq!(status, 200, "{whole}");
        let (status, path) = answer(&server, "GET /v1/movies?limit=1", "films.example").await;
        assert_eq!(status, 200, "{path}");
        let body = |answer: &str| answer.split_once("\r\n\r\n").expect("a body").1.to_owned();
        assert_eq!(body(&whole), body(&path), "{url}");
        assert!(!body(&whole).contains("films.example"), "links name no host: {whole}");
        // Of who may do what nothing is told by the host.
        let (status, refused) = answer(&server, &format!("GET {url}/v1/accounts"), "x").await;
        assert_eq!(status, 401, "{refused}");
        let (status, missing) = answer(&server, &format!("GET {url}/v1/nothing"), "x").await;
        assert_eq!(status, 404, "{missing}");
        let (status, methods) = answer(&server, &format!("OPTIONS {url}/v1/movies"), "x").await;
        assert_eq!(status, 204, "{methods}");
        let (status, server_wide) = answer(&server, &format!("OPTIONS {url}"), "x").await;
        assert_eq!(status, 204, "{server_wide}");
    }
}

#[tokio::test]
async fn an_asterisk_asks_for_what_the_server_can() {
    let server = Server::start();
    let (status, answer) = answer(&server, "OPTIONS *", "x").await;
    assert_eq!(status, 204);
    assert!(
        answer.to_lowercase().contains("\r\nallow: get, head, post, put, patch, delete, options")
    );
}

#[tokio::test]
async fn a_path_is_taken_as_it_is() {
    let server = Server::start();
    for path in [
        "//",
        "//v1/movies",
        "//films.example/v1/movies",
        "/v1//movies",
        "/v1/movies/",
        "/v1/./movies",
        "/v1/../v1/movies",
        "/../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/v1%2fmovies",
        "/v1/%00",
        "/v1/%zz",
        "/v1/\\movies",
    ] {
        let (status, answer) = answer(&server, &format!("GET {path}"), "x").await;
        assert_eq!(status, 404, "{path}: {answer}");
    }
    let (status, answer) = answer(&server, "CONNECT films.example:443", "films.example:443").await;
    assert_eq!(status, 404, "this is no proxy: {answer}");
}

#[tokio::test]
async fn a_host_that_is_none_is_answered_400() {
    let server = Server::start();
    for host in ["", "x", "x:", "films.example:8080", "a_b", "127.0.0.1", "[::1]:80"] {
        let (status, answer) = answer(&server, "GET /v1", host).await;
        assert_eq!(status, 200, "{host}: {answer}");
    }
    for host in ["a b", "a/b", "ann@x", "x?y", "x\\y", "x:y", "http://x", "é", "[::1", "x, y"] {
        let (status, answer) = answer(&server, "GET /v1", host).await;
        assert_eq!(status, 400, "{host}: {answer}");
    }
}
