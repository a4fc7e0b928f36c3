//! Bodies that come long after their heads: who sends them is looked at again.

use std::time::Duration;

use identity::Role;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::server::{Answer, Server, start, token};

/// A request that says nothing more until it is let in: it is told to go on, or answered already.
async fn begin(server: &Server, path: &str, more: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nExpect: 100-continue\r\n\
         Authorization: Bearer {}\r\n{more}\r\n",
        token(Role::Editor)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1"));
    stream
}

/// What comes, up to this.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        text.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_body_that_is_held_back_until_the_token_has_expired_is_not_acted_upon() {
    const BODY: &[u8] = b"{\"title\": \"Stalker\"}";
    let server = start().await;
    let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", BODY.len());
    for (later, status) in [(59, 200), (2, 401)] {
        let mut stream = begin(&server, "/v1/mine/films", &headers).await;
        stream.write_all(&BODY[..1]).await.unwrap();
        server.clock.advance(Duration::from_secs(later));
        stream.write_all(&BODY[1..]).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = Answer::parse(&answer);
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 401 {
            assert_eq!(answer.problem().problem_type, "/problems/unauthorized");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.contains("the token has expired"), "{challenge}");
        }
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_its_token_has_expired_for_a_day() {
    let server = start().await;
    let headers = "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n";
    let mut stream = begin(&server, "/v1/mine/streamed", headers).await;
    const HOUR: Duration = Duration::from_secs(60 * 60);
    for later in [Duration::ZERO, HOUR, 22 * HOUR] {
        server.clock.advance(later);
        stream.write_all(b"3\r\n{}\n\r\n").await.unwrap();
        until(&mut stream, "3\r\n{}\n\r\n").await;
    }
    server.clock.advance(HOUR);
    stream.write_all(b"3\r\n{}\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    // It is cut off: what has begun cannot become a refusal any more.
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(String::from_utf8_lossy(&rest), "");
}
