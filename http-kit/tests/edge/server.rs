//! A small service of the two APIs' shape behind the edge, and a client that sees every byte.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_kit::{
    Caller, Clock, ETag, EdgeOptions, FieldError, Json, JsonBody, JsonLines, NoBody, Path, Problem,
    ProblemDocument, ProblemType, RequestContext,
    access::{AccessTable, RateGroup, Row, Scope, Takes},
    edge, health, health_access, problem_pages, problem_pages_access, respond_conditional,
};
use identity::{Identity, KeyPair, Realm, Role, Signer, Verifier};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

/// The largest body that the server takes.
pub(crate) const BODY_BYTES_MAX: usize = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Film {
    title: String,
}

fn reads() -> Router {
    Router::new()
        .route("/v1/films/{id}", get(film))
        .route("/v1/films", get(async || ([("accept-ranges", "items")], large())))
        .route(
            "/v1/events",
            get(async || ([("content-type", "text/event-stream")], "x".repeat(4096))),
        )
        .route("/v1/context", get(async |context: RequestContext| context.request_id))
        .route("/v1/panic", get(panics))
        .route("/v1/fails", get(fails))
        .route("/v1/teapot", get(async || StatusCode::IM_A_TEAPOT))
        .route("/v1/plain/{number}", get(async |_: axum::extract::Path<u8>| {}))
        .route("/v1/slow", get(std::future::pending::<()>))
        .route("/v1/forgotten", get(async || "the secret"))
}

fn writes() -> Router {
    Router::new()
        .route("/v1/films", post(async |Json(film): Json<Film>| (StatusCode::CREATED, film.title)))
        .route("/v1/films/{id}", put(replace).patch(async |_: JsonBody| {}).delete(remove))
        .route("/v1/mine", post(async |caller: Caller| caller.account.to_string()))
        .route("/v1/mine/films", post(async |_: Caller, Json(film): Json<Film>| film.title))
        .route("/v1/mine/streamed", post(echoed))
        .route("/v1/slow", post(std::future::pending::<()>))
        .route("/v1/streamed", post(streamed))
        .route("/v1/bytes", post(async |bytes: bytes::Bytes| bytes.len().to_string()))
}

/// What the routes take; `/v1/forgotten` has no row.
fn access() -> Vec<Row> {
    const READ: RateGroup = RateGroup::Read;
    const EDITS: Takes = Takes::caller(Role::Editor, Scope::CatalogueWrite);
    let open = [
        "/v1/films/{id}",
        "/v1/films",
        "/v1/events",
        "/v1/context",
        "/v1/panic",
        "/v1/fails",
        "/v1/teapot",
        "/v1/plain/{number}",
        "/v1/slow",
    ];
    let mut rows: Vec<Row> = open.map(|path| Row::get(path, Takes::Anyone, READ)).into();
    for path in ["/v1/films", "/v1/streamed", "/v1/bytes", "/v1/slow"] {
        rows.push(Row::post(path, Takes::Anyone, RateGroup::Write));
    }
    let film = "/v1/films/{id}";
    rows.push(Row::put(film, Takes::Anyone, RateGroup::Write));
    rows.push(Row::patch(film, Takes::Anyone, RateGroup::Write));
    rows.push(Row::delete(film, Takes::Anyone, RateGroup::Write));
    for path in ["/v1/mine", "/v1/mine/films", "/v1/mine/streamed"] {
        rows.push(Row::post(path, EDITS, RateGroup::Write));
    }
    rows.into_iter().chain(problem_pages_access()).chain(health_access()).collect()
}

async fn film(Path(id): Path<String>, headers: HeaderMap) -> Response {
    let modified: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    let caching = [(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=5"))]
        .into_iter()
        .collect();
    respond_conditional(&headers, &ETag::strong("r5.1.g1"), Some(modified), caching, || {
        if id == "large" { large() } else { Json(json!({"id": id})).into_response() }
    })
}

fn large() -> Response {
    Json(json!({"synopsis": "All work and no play makes Jack a dull boy. ".repeat(100)}))
        .into_response()
}

/// Counts what comes, and sends that as lines, in the time it takes.
async fn streamed(JsonLines(body): JsonLines) -> Response {
    let mut body = body.into_data_stream();
    let mut bytes = 0;
    while let Some(Ok(chunk)) = body.next().await {
        bytes += chunk.len();
    }
    let lines = format!("{bytes}\n{}", "\n".repeat(2000));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response()
}

/// Sends back what comes, as it comes.
async fn echoed(JsonLines(body): JsonLines) -> Response {
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

async fn panics() {
    panic!("the secret of the panic")
}

async fn fails() -> Problem {
    Problem::internal(std::io::Error::other("SELECT secret FROM films"))
        .error(FieldError::pointer("/a", "must be b"))
}

async fn replace(headers: HeaderMap) -> Result<Response, Problem> {
    let condition = http_kit::if_match(&headers)?;
    if condition.is_some_and(|condition| !condition.holds_for_revision(5)) {
        return Err(
            Problem::new(ProblemType::PreconditionFailed).with("current_revision", 5.into())
        );
    }
    Ok(([(header::ETAG, "\"r6\"")], large()).into_response())
}

async fn remove(_: NoBody) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// What a token is signed and checked with.
fn realm() -> Realm {
    Realm { issuer: "test".to_owned(), audience: "cinelog".to_owned() }
}

/// A token for an account with `role`.
pub(crate) fn token(role: Role) -> String {
    let identity = Identity::by_token(Uuid::from_u128(7), role, Uuid::from_u128(1));
    let signer = Signer::new(realm(), KeyPair::from_seed(&[1; 32]).unwrap());
    signer.issue(&identity, Timestamp::UNIX_EPOCH, Duration::from_secs(60)).unwrap()
}

/// The service behind the edge, at a time that stands still.
pub(crate) fn service() -> Router {
    service_with(&Clock::fixed(Timestamp::UNIX_EPOCH), |_| ())
}

/// The same, with a clock and with options of the test's own.
pub(crate) fn service_with(clock: &Clock, set: impl FnOnce(&mut EdgeOptions)) -> Router {
    let key = KeyPair::from_seed(&[1; 32]).unwrap();
    let authenticator = Arc::new(Verifier::new(realm(), key).into());
    let mut options = EdgeOptions::new(
        clock.clone(),
        authenticator,
        Arc::new(AccessTable::new(access()).unwrap()),
    );
    options.body_bytes_max = BODY_BYTES_MAX;
    set(&mut options);
    let router = reads().merge(writes()).merge(problem_pages()).merge(health(Default::default()));
    edge(router, options).into()
}

/// Serves the service on a port of its own for as long as the test runs.
pub(crate) async fn start() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
    let service = service_with(&clock, |_| ());
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    Server { address, clock }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
}

/// An answer, as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// Sends a request without a body.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send_body(method, path, headers, b"").await
    }

    /// Sends a request; the headers are the test's own, but for `Host` and `Connection`.
    pub(crate) async fn send_body(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // A server that refuses early may close before all is written.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        Answer::parse(&answer)
    }

    /// Posts JSON.
    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Answer {
        let length = body.len().to_string();
        let headers = [("Content-Type", "application/json"), ("Content-Length", &length)];
        self.send_body("POST", path, &headers, body.as_bytes()).await
    }
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a header");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }

    /// A header that must stand there at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is repeated: {self:?}");
        value
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body as a problem, after a look at what every problem must have.
    #[track_caller]
    pub(crate) fn problem(&self) -> ProblemDocument {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let document: ProblemDocument = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document.status, self.status);
        assert_eq!(self.header("x-request-id"), Some(document.request_id.as_str()));
        document
    }
}
