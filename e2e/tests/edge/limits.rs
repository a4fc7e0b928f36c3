//! How large and how many.

use std::time::{Duration, Instant};

use e2e::Server;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::sockets::{address, connect_from, exchange, read_to_close, statuses};

/// How long a client may say nothing before it may lose its place to itself: `STALLED_MIN_OF_ITS_OWN` in
/// cinelog/src/roles/connections/places.rs.
const A_WHILE: Duration = Duration::from_secs(1);

fn limited(key: &str, value: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(&[(key, value.as_ref())], &folder.path().join("data"), &[]);
    (server, folder)
}

#[tokio::test]
async fn a_head_that_is_too_large_is_told_so() {
    let server = Server::start();
    let long = "x".repeat(70_000);
    let many = "A: b\r\n".repeat(101);
    for (head, status, problem) in [
        (format!("GET /v1?q={long} HTTP/1.1\r\nHost: x\r\n\r\n"), 414, "uri-too-long"),
        (format!("GET /v1 HTTP/1.1\r\nHost: x\r\nA: {long}\r\n\r\n"), 431, "head-too-large"),
        (format!("GET /v1 HTTP/1.1\r\nHost: x\r\n{many}\r\n"), 431, "head-too-large"),
    ] {
        let answers = exchange(&server, head.as_bytes()).await;
        assert_eq!(statuses(&answers), [status], "{answers}");
        assert!(answers.contains(&format!("\"type\":\"/problems/{problem}\"")), "{answers}");
    }
    // Under 64 KiB the address has a bound of its own, which does not cost the connection.
    let path = format!("/v1/movies?q={}", "x".repeat(40_000));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(statuses(&exchange(&server, request.as_bytes()).await), [414, 200]);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_told_so_before_it_is_sent() {
    let server = Server::start();
    let token = server.token("editor");
    let head = format!(
        "POST /v1/movies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 9000000\r\n\r\n"
    );
    let answers = exchange(&server, head.as_bytes()).await;
    assert_eq!(statuses(&answers), [413], "{answers}");
    assert!(answers.to_lowercase().contains("connection: close"), "{answers}");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_others_have_theirs() {
    let (server, _folder) = limited("CINELOG__SERVER__CONNECTIONS_PER_CLIENT_MAX", "3");
    let ask = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (mut held, mut busy) = (Vec::new(), 7);
    loop {
        let begun = Instant::now();
        for _ in 0..3 {
            held.push(connect_from([0, 0, busy], &server).await.unwrap());
        }
        // They were opened a moment ago, and may have something to say yet.
        let mut refused = connect_from([0, 0, busy], &server).await.unwrap();
        let _ = refused.write_all(ask).await;
        let answer = read_to_close(&mut refused).await;
        if answer.is_empty() {
            break;
        }
        // Unless the machine stood still for that moment: another address tries again.
        assert!(begun.elapsed() >= A_WHILE && busy < 20, "{answer}");
        busy += 1;
    }
    let mut other = connect_from([0, 1, 8], &server).await.unwrap();
    other.write_all(ask).await.unwrap();
    assert_eq!(statuses(&read_to_close(&mut other).await), [200]);
    // Once the first has said nothing for a while it gives way.
    assert_eq!(read_when_free([0, 0, busy], &server, ask).await, [200]);
}

/// Tries from an address that has too many, until it gets a place.
async fn read_when_free(from: [u8; 3], server: &Server, ask: &[u8]) -> Vec<u16> {
    for _ in 0..1_000 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut stream = connect_from(from, server).await.unwrap();
        let _ = stream.write_all(ask).await;
        let found = statuses(&read_to_close(&mut stream).await);
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

#[tokio::test]
async fn more_requests_than_are_worked_on_are_told_to_come_again() {
    let (server, _folder) = limited("CINELOG__SERVER__REQUESTS_MAX", "1");
    // Waits for a version that will not come.
    let waiting = "GET /v1/movies HTTP/1.1\r\nHost: x\r\nCinelog-Min-Position: 999\r\nPrefer: wait=30\r\n\r\n";
    let (mut held, mut refused) = (Vec::new(), None);
    for size in 1..90 {
        // Whichever of the two comes first has the place: until it is the one that keeps it.
        let mut busy = TcpStream::connect(address(&server)).await.unwrap();
        busy.write_all(waiting.as_bytes()).await.unwrap();
        held.push(busy);
        // Each is another question, for which nothing is kept.
        let answer = server.anyone().get(&format!("/v1/movies?per_page={size}")).await;
        if answer.status == 503 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is one place, and it is taken");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.json()["type"], "/problems/unavailable");
    for path in ["/livez", "/readyz"] {
        server.anyone().get(path).await.expect(200);
    }
    // Who is slow to send a body takes no place from others, and finds out at its end.
    let token = server.token("editor");
    let film = server.anyone().with_token(&token);
    film.post("/v1/movies", serde_json::json!({"title": "Late"})).await.expect(503);
    drop(held);
    for _ in 0..1_000 {
        if server.anyone().get("/v1/movies?per_page=99").await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the place was not given up");
}
