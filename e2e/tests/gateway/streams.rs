//! What is sent bit by bit arrives bit by bit.

use std::sync::Arc;

use axum::{Router, body::Body, extract::Request, response::Response};
use e2e::{Answer, Client, PATIENCE};
use futures::channel::mpsc;
use proving_ground::{Gateway, GatewayKind, Nodes};
use reqwest::Method;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};

use crate::{
    on_every_gateway,
    site::{KEPT_LONG, Site, until},
};

type Events = mpsc::UnboundedReceiver<Result<&'static str, std::io::Error>>;

/// A node that sends these events to whoever asks first for a stream.
async fn node(events: Events) -> Nodes {
    let events = Arc::new(Mutex::new(Some(events)));
    let handler = async move |request: Request| {
        if !request.uri().path().starts_with("/v1/") {
            return Response::new(Body::empty());
        }
        let events = events.lock().await.take().expect("one asks");
        let answer = Response::builder().header("content-type", "text/event-stream");
        answer.header("cache-control", "no-store").body(Body::from_stream(events)).unwrap()
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    let nodes = [address.clone(), address];
    Nodes { query: nodes.clone(), command: nodes }
}

async fn arrives_event_by_event(kind: GatewayKind, target: &str, accept: &str) {
    let (send, events) = mpsc::unbounded();
    let mut gateway = Gateway::new(kind);
    gateway.start(&node(events).await).await;
    let reader = Client::anyone_at(&gateway.url());
    let request = reader.request(Method::GET, target).header("accept", accept);
    send.unbounded_send(Ok("data: 0\n\n")).unwrap();
    let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    let mut response = response;
    for event in ["data: 0\n\n", "data: 1\n\n", "data: 2\n\n"] {
        // The next is sent when this one has come.
        let came = timeout(PATIENCE, response.chunk()).await.expect("it comes in time");
        assert_eq!(came.unwrap().unwrap(), event);
        let next = match event {
            "data: 0\n\n" => "data: 1\n\n",
            _ => "data: 2\n\n",
        };
        send.unbounded_send(Ok(next)).unwrap();
    }
}

async fn events_arrive_one_by_one_at_the_address_of_events(kind: GatewayKind) {
    arrives_event_by_event(kind, "/v1/events/live", "*/*").await;
}

async fn events_arrive_one_by_one_wherever_they_are_asked_for(kind: GatewayKind) {
    arrives_event_by_event(kind, "/v1/movies?anything", "text/event-stream").await;
}

/// A bulk request over a connection of its own, sent and answered piece by piece.
struct Talk(BufReader<TcpStream>);

impl Talk {
    async fn begin(site: &Site) -> Self {
        let address = site.gateway.url().replace("http://", "");
        let head = format!(
            "POST /v1/movies/bulk HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
            site.node.token("editor")
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(BufReader::new(stream))
    }

    async fn send(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.0.write_all(chunk.as_bytes()).await.unwrap();
    }

    /// The next line that has this in it.
    async fn line_with(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("a line comes");
            assert_ne!(read.unwrap(), 0, "it ended before {part}");
            if line.contains(part) {
                return line;
            }
        }
    }
}

#[tokio::test]
async fn a_bulk_request_is_answered_line_by_line_while_it_is_sent_through_varnish() {
    let site = Site::new(GatewayKind::Varnish, &KEPT_LONG).await;
    let mut talk = Talk::begin(&site).await;
    for number in 1..=3 {
        talk.send(&format!("{{\"title\": \"Film {number}\"}}\n")).await;
        let result = talk.line_with(&format!("\"line\":{number},")).await;
        assert!(result.contains("\"status\":201"), "{result}");
    }
}

/// A bulk request of so many films, longer than any buffer on the way.
fn films(count: usize) -> String {
    let film =
        |number| format!("{{\"title\":\"Film {number}\",\"synopsis\":\"{}\"}}\n", "x".repeat(4000));
    (0..count).map(film).collect()
}

async fn all_lines_of_a_long_bulk_request_are_carried_out_or_none_is(kind: GatewayKind) {
    let site = Site::new(kind, &KEPT_LONG).await;
    let editor = site.writer("editor");
    let bulk = |count, prefer: &str| {
        let request =
            editor.request(Method::POST, "/v1/movies/bulk").header("prefer", prefer.to_owned());
        Answer::to(request.header("content-type", "application/x-ndjson").body(films(count)))
    };
    let answer = bulk(2_000, "handling=lenient").await;
    let (status, lines) = (answer.status, answer.text.lines().count());
    match kind {
        GatewayKind::Varnish => assert_eq!((status, lines), (200, 2_000)),
        GatewayKind::Nginx => {
            assert_eq!((status, answer.header("content-type")), (413, "application/problem+json"));
            assert!(answer.json()["detail"].as_str().unwrap().contains("respond-async"));
            let all = site.node.anyone().get_with("/v1/movies", "prefer", "count=exact").await;
            assert_eq!(all.json()["total"], 0);
        }
    }
    // What is short enough is answered at once, whichever way it goes.
    assert_eq!(bulk(4, "").await.expect(200).text.lines().count(), 4);
    let job = bulk(2_000, "respond-async").await.expect(202);
    let job = job.header("location");
    until(&editor, job, |answer| answer.json()["state"] == "done").await;
    let results = editor.get(&format!("{job}/results")).await.expect(200);
    assert_eq!(results.text.lines().count(), 2_000);
}

on_every_gateway! {
    events_arrive_one_by_one_at_the_address_of_events,
    events_arrive_one_by_one_wherever_they_are_asked_for,
    all_lines_of_a_long_bulk_request_are_carried_out_or_none_is,
}
