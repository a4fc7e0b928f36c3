//! Bodies go through a gateway as they come: none is taken whole before a node has been asked, and none has no end.

use e2e::PATIENCE;
use proving_ground::{Gateway, GatewayKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    on_every_gateway,
    origin::Origin,
    site::{KEPT_LONG, Site, until},
};

/// What is sent of a body without an end, if nobody says anything: more than all buffers on the way hold.
const POURED_MAX: usize = 64 << 20;

/// What is sent at once.
const PIECE_BYTES: usize = 64 << 10;

/// How a request says how long it is.
#[derive(Debug, Clone, Copy)]
enum Length {
    /// `Content-Length`, of so many bytes.
    Said(usize),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// A request over a connection of its own.
struct Upload {
    stream: TcpStream,
    length: Length,
}

impl Upload {
    /// Sends the head, and no more.
    async fn begin(gateway: &Gateway, line: &str, headers: &str, length: Length) -> Self {
        let address = gateway.url().replace("http://", "");
        let said = match length {
            Length::Said(bytes) => format!("Content-Length: {bytes}"),
            Length::Chunked => "Transfer-Encoding: chunked".to_owned(),
        };
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{said}\r\n{headers}\r\n"
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        Self { stream, length }
    }

    fn framed(&self, text: &str) -> Vec<u8> {
        match self.length {
            Length::Said(_) => text.as_bytes().to_vec(),
            Length::Chunked => format!("{:x}\r\n{text}\r\n", text.len()).into_bytes(),
        }
    }

    /// Sends this part of the body, where anybody still listens: the answer tells.
    async fn send(&mut self, text: &str) {
        let framed = self.framed(text);
        let _ = timeout(PATIENCE, self.stream.write_all(&framed)).await.expect("it is taken");
    }

    /// Says that the body is there; gives the answer, head and body.
    async fn answer(mut self) -> String {
        if matches!(self.length, Length::Chunked) {
            let _ = self.stream.write_all(b"0\r\n\r\n").await;
        }
        rest_of(&mut self.stream).await
    }

    /// Sends for as long as nothing is answered; gives the answer, empty where the connection was cut. `None`:
    /// [`POURED_MAX`] was taken.
    async fn pour(mut self) -> Option<String> {
        let piece = self.framed(&" ".repeat(PIECE_BYTES));
        let (mut from, mut to) = self.stream.split();
        let (mut sent, mut is_cut, mut first) = (0, false, [0]);
        let answered = loop {
            tokio::select! {
                read = from.read(&mut first) => break read.is_ok_and(|count| count == 1),
                written = to.write(&piece[sent % piece.len()..]), if !is_cut => match written {
                    Ok(_) if sent > POURED_MAX => return None,
                    Ok(count) => sent += count,
                    // What was answered before is there to be read.
                    Err(_) => is_cut = true,
                },
            }
        };
        Some(match answered {
            true => format!("{}{}", first[0] as char, rest_of(&mut self.stream).await),
            false => String::new(),
        })
    }
}

/// All that comes until the connection is closed, or cut.
async fn rest_of(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    // Who answers before everything was sent may cut the connection after the answer.
    let read = async { while stream.read_buf(&mut rest).await.is_ok_and(|count| count > 0) {} };
    timeout(PATIENCE, read).await.expect("it is closed in time");
    String::from_utf8_lossy(&rest).into_owned()
}

/// Whether the answer was lost to a client that was still sending: where a node refuses what Varnish pipes, Varnish
/// cuts the connection, and what the client has not read by then is gone (docs/gateway.md).
fn is_cut(kind: GatewayKind, answer: &str) -> bool {
    kind == GatewayKind::Varnish && answer.is_empty()
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

async fn a_body_without_an_end_is_refused_before_it_has_filled_anything(kind: GatewayKind) {
    let site = Site::that_does_not_purge(kind, &KEPT_LONG).await;
    let editor = format!("Authorization: Bearer {}\r\n", site.node.token("editor"));
    let json = format!("{editor}Content-Type: application/json\r\n");
    let endless = Length::Said(usize::MAX >> 2);
    let requests: [(&str, &str, Length, &[u16]); 11] = [
        ("POST /v1/movies", &json, endless, &[413]),
        ("POST /v1/movies", &json, Length::Chunked, &[413]),
        ("POST /v1/movies", "", Length::Chunked, &[401, 413]),
        ("PUT /v1/movies/bulk", "", endless, &[405]),
        ("PUT /v1/movies/bulk", "", Length::Chunked, &[405, 413]),
        // nginx may have read too much before a node, who reads no body here, has answered.
        ("GET /v1/movies", "", endless, &[200, 413]),
        ("GET /v1/movies", &editor, Length::Chunked, &[200, 413]),
        ("GET /v1/movies", "", Length::Chunked, &[200, 413]),
        ("GET /v1/movies/bulk", "", endless, &[405, 413]),
        ("PURGE /v1/movies/bulk", "", endless, &[413]),
        ("PURGE /", "", Length::Chunked, &[413]),
    ];
    for (line, headers, length, expected) in requests {
        let answer = Upload::begin(&site.gateway, line, headers, length).await.pour().await;
        let answer = answer.unwrap_or_else(|| panic!("{line} {length:?}: all of it was taken"));
        if is_cut(kind, &answer) {
            continue;
        }
        assert!(expected.contains(&status(&answer)), "{line} {length:?}: {answer:?}");
        let is_problem = answer.to_lowercase().contains("content-type: application/problem+json");
        assert_eq!(is_problem, status(&answer) >= 400, "{line} {length:?}: {answer}");
    }
}

async fn a_node_is_asked_before_the_body_is_there(kind: GatewayKind) {
    let origin = Origin::start(|said| said.answer(201, "", &[("cache-control", "no-store")]));
    let (gateway, _) = origin.before(kind).await;
    let gate = origin.close();
    let mut uploads = Vec::new();
    let lines = ["POST /v1/movies", "PUT /v1/movies/x", "PATCH /v1/movies/x", "GET /v1/movies"];
    for line in lines {
        for length in [Length::Said(1 << 20), Length::Chunked] {
            let mut upload = Upload::begin(&gateway, line, "", length).await;
            upload.send(&"x".repeat(100 << 10)).await;
            uploads.push(upload);
            let asked = async {
                while origin.count(|_| true) < uploads.len() {
                    tokio::time::sleep(crate::ASK_AGAIN).await;
                }
            };
            timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{line} {length:?}"));
        }
    }
    drop(gate);
}

async fn what_a_node_takes_and_what_it_refuses_gets_through(kind: GatewayKind) {
    let site = Site::new(kind, &KEPT_LONG).await;
    let token = site.node.token("editor");
    let json = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    let film = "{\"title\":\"Ran\"}";
    // Those that are refused more than once: the next must not meet what was left of the one before.
    let sizes = [1_000_000, 1_500_000, 1_500_000, 1_500_000, 1_500_000, 1_000_000];
    for bytes in sizes {
        let expected = if bytes > 1 << 20 { 413 } else { 201 };
        for length in [Length::Said(bytes), Length::Chunked] {
            let mut upload = Upload::begin(&site.gateway, "POST /v1/movies", &json, length).await;
            upload.send(film).await;
            upload.send(&" ".repeat(bytes - film.len())).await;
            let answer = upload.answer().await;
            if expected == 413 && matches!(length, Length::Chunked) && is_cut(kind, &answer) {
                continue;
            }
            assert_eq!(status(&answer), expected, "{bytes} bytes, {length:?}: {answer}");
            // The node says it.
            assert_eq!(answer.contains("1048576 bytes"), expected == 413, "{answer}");
        }
    }
    let lines = format!("{{\"title\":\"Film\",\"synopsis\":\"{}\"}}\n", "x".repeat(4000)).repeat(8);
    let headers =
        json.replace("application/json", "application/x-ndjson") + "Prefer: respond-async\r\n";
    for length in [Length::Said(100 * lines.len()), Length::Chunked] {
        let line = "POST /v1/movies/bulk";
        let mut upload = Upload::begin(&site.gateway, line, &headers, length).await;
        for _ in 0..100 {
            upload.send(&lines).await;
        }
        let answer = upload.answer().await;
        assert_eq!(status(&answer), 202, "{length:?}: {answer}");
        let name = "location: ";
        let job = answer.lines().find(|line| line.to_lowercase().starts_with(name)).unwrap();
        let editor = site.reader().with_token(&token);
        let done = until(&editor, &job[name.len()..], |job| job.json()["state"] == "done").await;
        assert_eq!(done.json()["lines"]["succeeded"], 800);
    }
}

async fn a_short_bulk_request_that_comes_in_pieces_is_carried_out_to_its_end(kind: GatewayKind) {
    let site = Site::new(kind, &KEPT_LONG).await;
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/x-ndjson\r\n",
        site.node.token("editor")
    );
    // As long as it may be.
    let film = format!("{{\"title\":\"Film\",\"synopsis\":\"{}\"}}\n", "x".repeat(4000));
    let length = Length::Said(4 * film.len());
    let line = "POST /v1/movies/bulk";
    let mut upload = Upload::begin(&site.gateway, line, &headers, length).await;
    for _ in 0..4 {
        upload.send(&film).await;
        // Time enough to be asked and to answer.
        for _ in 0..10 {
            site.reader().get("/v1/genres").await.expect(200);
        }
    }
    let answer = upload.answer().await;
    assert_eq!(answer.matches("\"status\":201").count(), 4, "{answer}");
}

on_every_gateway! {
    a_body_without_an_end_is_refused_before_it_has_filled_anything,
    a_node_is_asked_before_the_body_is_there,
    what_a_node_takes_and_what_it_refuses_gets_through,
    a_short_bulk_request_that_comes_in_pieces_is_carried_out_to_its_end,
}
