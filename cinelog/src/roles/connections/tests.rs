//! Clients that do not read, clients that read slowly, and clients that wait for a place.

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use http::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    sync::Notify,
    time::{interval, timeout},
};

use super::*;

const WRITE_TIMEOUT: Duration = Duration::from_secs(8);

const PATIENCE: Duration = Duration::from_secs(60);

/// More than the system keeps for a connection.
const BODY_BYTES: usize = 10 << 20;

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

const ASK_FOR_LITTLE: &[u8] = b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// How often it is tried what may go one way or the other.
const TIMES: usize = 20;

/// A server with one place, for what is large and what is small.
async fn server() -> std::net::SocketAddr {
    let body = Bytes::from(vec![b'x'; BODY_BYTES]);
    let service = Router::new().route("/", get(move || async { body }));
    serve_with_one_place(service.route("/small", get(|| async { "small" }))).await
}

async fn serve_with_one_place(service: Router) -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = ServerConfig { write_timeout: WRITE_TIMEOUT, ..ServerConfig::default() };
    let patience = Patience::of(&config);
    let proxies = TrustedProxies::none();
    let limits = Limits { connections: 1, per_client: 9, proxies, patience };
    let never = CancellationToken::new();
    tokio::spawn(serve(listener, service, limits, None, never.clone(), never));
    address
}

// Elsewhere the system does not see to it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_asks_and_never_reads_gives_its_place_up() {
    let address = server().await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(&ASK.repeat(1000)).await.unwrap();

    let mut next = TcpStream::connect(address).await.unwrap();
    next.write_all(ASK_FOR_LITTLE).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, next.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with("small"), "{answer}");
    drop(silent);
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_answered_to_the_end() {
    let address = server().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut slow = socket.connect(address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let (mut piece, mut read) = (vec![0; 64 << 10], 0);
    // Twice as long as a client may take nothing; the rest as fast as it comes.
    let mut ticks = interval(WRITE_TIMEOUT / 40);
    for _ in 0..80 {
        ticks.tick().await;
        read += slow.read(&mut piece).await.unwrap();
    }
    assert!(read < BODY_BYTES, "it was read slowly");
    loop {
        match timeout(PATIENCE, slow.read(&mut piece)).await.unwrap().unwrap() {
            0 => break,
            more => read += more,
        }
    }
    assert!(read > BODY_BYTES, "{read}");
}

#[tokio::test]
async fn who_waits_for_a_place_gets_it_when_another_connection_ends() {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, released) = (Arc::clone(&begun), Arc::clone(&release));
    let held = get(async move || {
        begins.notify_one();
        released.notified().await;
        "held"
    });
    let service = Router::new().route("/", held).route("/small", get(|| async { "small" }));
    let address = serve_with_one_place(service).await;
    for time in 0..TIMES {
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        timeout(PATIENCE, begun.notified()).await.unwrap();

        let mut next = TcpStream::connect(address).await.unwrap();
        next.write_all(ASK_FOR_LITTLE).await.unwrap();
        let mut answer = String::new();
        let early = timeout(ACCEPT_PAUSE / 2, next.read_to_string(&mut answer)).await;
        assert!(early.is_err(), "there is no place for it: {early:?} {answer}");

        release.notify_one();
        let read = timeout(PATIENCE, next.read_to_string(&mut answer)).await.unwrap();
        assert!(read.is_ok() && answer.ends_with("small"), "{time}: {read:?} {answer:?}");
        drop(first);
    }
}

/// What is answered to these bytes, by a server that leaves bodies, reads them, or reads them as it answers, until
/// the connection ends.
async fn answered(asked: &str) -> String {
    let echo = post(|body: Body| async { body });
    let service = Router::new()
        .route("/leaves", post(|| async { StatusCode::UNAUTHORIZED }))
        .route("/reads", post(|_: Bytes| async { StatusCode::OK }))
        .route("/echoes", echo);
    let mut client = TcpStream::connect(serve_with_one_place(service).await).await.unwrap();
    client.write_all(asked.as_bytes()).await.unwrap();
    let mut answers = String::new();
    timeout(PATIENCE, client.read_to_string(&mut answers)).await.unwrap().unwrap();
    answers
}

const LAST: &str = "POST /reads HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn ask(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\n{body}")
}

#[tokio::test]
async fn an_answer_to_what_was_not_sent_yet_says_that_the_connection_closes() {
    for body in [
        "Content-Length: 9000000\r\n\r\n",
        "Content-Length: 9000000\r\nExpect: 100-continue\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n2\r\nef\r\n0\r\n\r\n",
    ] {
        let answer = answered(&ask("/leaves", body)).await;
        assert_eq!(answer.matches("HTTP/1.1 401 ").count(), 1, "{body:?}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{body:?}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_whose_body_was_read_or_has_come_as_a_whole_goes_on() {
    for (path, body) in [
        ("/leaves", "Content-Length: 5\r\n\r\nabcde"),
        ("/leaves", "\r\n"),
        ("/reads", "Content-Length: 5\r\n\r\nabcde"),
        ("/reads", "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"),
        ("/echoes", "Content-Length: 5\r\n\r\nabcde"),
        ("/echoes", "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"),
    ] {
        let answers = answered(&(ask(path, body) + LAST)).await;
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{path} {body:?}: {answers}");
        assert_eq!(answers.matches("connection: close\r\n").count(), 1, "{answers}");
    }
}
