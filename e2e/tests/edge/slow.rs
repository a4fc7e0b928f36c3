//! Clients that are slow: given up where they mean no good, served where they cannot help it, and never in the
//! way of others.

use std::{
    ffi::OsStr,
    time::{Duration, Instant},
};

use e2e::{PATIENCE, Server};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::sockets::{address, connect_from, read_to_close, statuses};

fn server(settings: &[(&str, &str)]) -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let name = |key: &str| format!("CINELOG__SERVER__{key}");
    let names: Vec<_> = settings.iter().map(|(key, value)| (name(key), *value)).collect();
    let environment: Vec<_> =
        names.iter().map(|(name, value)| (name.as_str(), OsStr::new(*value))).collect();
    (Server::start_in(&environment, &folder.path().join("data"), &["--demo"]), folder)
}

#[tokio::test]
async fn a_head_that_drips_is_answered_408_and_silence_is_closed() {
    let (server, _folder) = server(&[("HEAD_TIMEOUT", "3s"), ("KEEP_ALIVE_TIMEOUT", "3s")]);
    let mut silent = TcpStream::connect(address(&server)).await.unwrap();
    assert_eq!(read_to_close(&mut silent).await, "");

    let (mut reading, mut writing) =
        TcpStream::connect(address(&server)).await.unwrap().into_split();
    let drip = tokio::spawn(async move {
        let mut drops = b"GET /livez HTTP/1.1\r\nA: ".iter().chain(std::iter::repeat(&b'x'));
        while writing.write_all(&[*drops.next().unwrap()]).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = String::new();
    let _ = timeout(PATIENCE, reading.read_to_string(&mut answer)).await.unwrap();
    assert_eq!(statuses(&answer), [408], "{answer}");
    assert!(answer.contains("/problems/request-timeout"), "{answer}");
    drip.abort();

    // Between two requests as well, and not while one is under way.
    let mut idle = TcpStream::connect(address(&server)).await.unwrap();
    idle.write_all(b"GET /v1/movies HTTP/1.1\r\nHost: x\r\nCinelog-Min-Position: 999999\r\nPrefer: wait=8\r\n\r\n")
        .await
        .unwrap();
    let answer = read_to_close(&mut idle).await;
    assert_eq!(statuses(&answer), [503], "{answer}");
}

/// Sends lines of a bulk request, one every so often, and says how it ended.
async fn bulk(server: &Server, lines: usize, every: Duration, bytes: usize) -> (usize, bool) {
    let token = server.token("editor");
    let mut stream = TcpStream::connect(address(server)).await.unwrap();
    let head = format!(
        "POST /v1/movies/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let sending = tokio::spawn(async move {
        for number in 0..lines {
            let film = json!({"title": format!("Film {number}"), "synopsis": "x".repeat(bytes)});
            let line = format!("{film}\n");
            let chunk = format!("{:x}\r\n{line}\r\n", line.len());
            // In drops, so that the line is never there at once.
            for drop in chunk.as_bytes().chunks(chunk.len().div_ceil(8)) {
                if writing.write_all(drop).await.is_err() {
                    return;
                }
                sleep(every / 8).await;
            }
        }
        let _ = writing.write_all(b"0\r\n\r\n").await;
        // Kept open: the server is the one to close.
        sleep(PATIENCE).await;
    });
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, reading.read_to_end(&mut answer)).await.expect("it ends");
    sending.abort();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.matches("\"status\"").count(), answer.ends_with("0\r\n\r\n"))
}

#[tokio::test]
async fn a_body_that_drips_is_cut_and_one_that_is_slow_is_not() {
    let (server, _folder) = server(&[("BODY_GRACE", "2s"), ("BODY_RATE_MIN", "100")]);
    // Some 50 bytes a second.
    let begin = Instant::now();
    let (answered, _) = bulk(&server, 1_000, Duration::from_secs(2), 50).await;
    let took = begin.elapsed();
    assert!(answered < 20 && took < PATIENCE, "{answered} lines in {took:?}");
    // Some 400 bytes a second, for three times as long as there is grace: also on a busy machine as many as
    // there must be.
    let begin = Instant::now();
    let (answered, is_whole) = bulk(&server, 12, Duration::from_millis(500), 150).await;
    let took = begin.elapsed();
    assert!(is_whole && answered >= 12, "{answered} lines were answered in {took:?}");
    assert!(took > Duration::from_secs(5), "{took:?}");
}

/// How many requests one good client gets answered in a while, each over a connection of its own, and how long
/// the slowest took; and how many were not answered.
async fn good_client(server: &Server, lasts: Duration) -> (u32, u32, Duration) {
    let (begin, mut answered, mut lost, mut slowest) = (Instant::now(), 0, 0, Duration::ZERO);
    while begin.elapsed() < lasts {
        let asked = Instant::now();
        let mut stream = connect_from([77, 0, 1], server).await.expect("it is let in");
        let ask = b"GET /v1/movies?per_page=3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(ask).await.unwrap();
        match statuses(&read_to_close(&mut stream).await).as_slice() {
            [200] => answered += 1,
            _ => lost += 1,
        }
        slowest = slowest.max(asked.elapsed());
    }
    (answered, lost, slowest)
}

/// How many connections there are.
async fn open_connections(server: &Server) -> usize {
    let metrics = server.anyone().at(&server.admin_url).get("/metrics").await.expect(200).text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("cinelog_connections "));
    line.map_or(0, |count| count.parse().unwrap())
}

/// What a slow client sends before it does next to nothing.
#[derive(Clone, Copy)]
enum Slow {
    Head,
    Body,
    Reader,
}

/// A slow client, again and again, from an address of its own.
async fn slow_client(kind: Slow, address: [u8; 3], server: std::sync::Arc<Server>, token: String) {
    loop {
        let Ok(mut stream) = connect_from(address, &server).await else { continue };
        let head = match kind {
            Slow::Head => "GET /v1/movies HTTP/1.1\r\nHost: x\r\nA: ".to_owned(),
            Slow::Body => format!(
                "POST /v1/movies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
            ),
            Slow::Reader => "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400),
        };
        if stream.write_all(head.as_bytes()).await.is_err() {
            continue;
        }
        let mut taken = [0; 1];
        loop {
            sleep(Duration::from_millis(500)).await;
            let is_over = match kind {
                Slow::Reader => !matches!(stream.read(&mut taken).await, Ok(1)),
                _ => stream.write_all(b" ").await.is_err(),
            };
            if is_over {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_slow_clients_does_not_starve_others() {
    const PLACES: usize = 150;
    const SLOW: usize = 3 * PLACES;
    const LASTS: Duration = Duration::from_secs(4);
    let (server, _folder) = server(&[("CONNECTIONS_MAX", "150"), ("WRITE_TIMEOUT", "30s")]);
    let server = std::sync::Arc::new(server);
    let (alone, _, slowest_alone) = good_client(&server, LASTS).await;
    let token = server.token("editor");
    let mut flood = tokio::task::JoinSet::new();
    for number in 0..SLOW {
        let kind = [Slow::Head, Slow::Body, Slow::Reader][number % 3];
        let (high, low) =
            (u8::try_from(number / 200).unwrap(), u8::try_from(number % 200).unwrap());
        let from = [10, high, low + 1];
        flood.spawn(slow_client(kind, from, std::sync::Arc::clone(&server), token.clone()));
    }
    let taken = async {
        while open_connections(&server).await < PLACES {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("all places are taken");
    let (among, lost, slowest_among) = good_client(&server, LASTS).await;
    flood.shutdown().await;
    println!(
        "a good client: {alone} requests in {LASTS:?} alone (slowest {slowest_alone:?}), {among} among {SLOW} slow \
         clients for {PLACES} places (slowest {slowest_among:?}, {lost} not answered): {:.2}",
        f64::from(among) / f64::from(alone)
    );
    // On a machine that has other things to do meanwhile. Whoever is starved waits for places that are given
    // up after half a minute.
    assert!(slowest_among < Duration::from_secs(20), "{among} in {slowest_among:?}");
    assert!(among * 20 > alone, "{among} of {alone}");
    assert!(lost * 20 <= among + 20, "{lost} were not answered");
}
