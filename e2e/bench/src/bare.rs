//! The bare servers that reads are compared with, each a process of its own, as Cinelog is.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path as Segment, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sqlx::{
    PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    connection::{Answer, headers},
    process::Process,
};

/// As many as Cinelog has by default.
const READERS: u32 = 4;

/// What hyper and axum add by themselves.
const ADDED_ANYWAY: [&str; 3] = ["content-length", "date", "connection"];

/// A bare server, which runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Bare {
    process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Bare {
    /// One that answers with these very bytes and headers; `folder` is where to put them.
    pub(crate) fn bytes(folder: &Path, answer: &Answer<'_>) -> Self {
        let kept: Vec<_> = headers(answer.head)
            .filter(|(name, _)| !ADDED_ANYWAY.contains(&name.to_ascii_lowercase().as_str()))
            .collect();
        let json = serde_json::to_vec(&kept).expect("pairs of texts are JSON");
        fs::write(folder.join("headers.json"), json).expect("the folder can be written");
        fs::write(folder.join("body"), answer.body).expect("the folder can be written");
        Self::start("bare-bytes", folder)
    }

    /// One that reads a film's row by its id and answers with the document in it.
    pub(crate) fn rows(read_model: &Path) -> Self {
        Self::start("bare-rows", read_model)
    }

    /// The same on Postgres; the URL's search path leads to the read model.
    pub(crate) fn postgres_rows(url: &str) -> Self {
        Self::start("postgres-rows", Path::new(url))
    }

    /// The processor time it has used.
    pub(crate) fn processor_time(&self) -> Duration {
        self.process.processor_time()
    }

    fn start(task: &str, path: &Path) -> Self {
        let program = std::env::current_exe().expect("a program knows where it is");
        let mut command = Command::new(program);
        let mut process = Process::start(command.arg(task).arg(path).stdout(Stdio::piped()));
        let stdout = process.child().stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let address = line.trim().parse().expect("an address");
        Self { process, address }
    }
}

struct Kept {
    headers: HeaderMap,
    etag: Option<HeaderValue>,
    body: Bytes,
}

/// Serves what [`Bare::bytes`] has put into `folder`, until the process is killed.
pub(crate) async fn serve_bytes(folder: &Path) {
    let json = fs::read(folder.join("headers.json")).expect("headers");
    let pairs: Vec<(String, String)> = serde_json::from_slice(&json).expect("pairs of texts");
    let pairs = pairs.into_iter().map(|(name, value)| {
        let name = HeaderName::try_from(name).expect("a header's name");
        (name, HeaderValue::try_from(value).expect("a header's value"))
    });
    let headers: HeaderMap = pairs.collect();
    let body = Bytes::from(fs::read(folder.join("body")).expect("a body"));
    let kept = Arc::new(Kept { etag: headers.get(header::ETAG).cloned(), headers, body });
    serve(Router::new().route("/v1/movies/{id}", get(answer)).with_state(kept)).await;
}

async fn answer(State(kept): State<Arc<Kept>>, asked: HeaderMap) -> Response {
    let headers = kept.headers.clone();
    if kept.etag.is_some() && asked.get(header::IF_NONE_MATCH) == kept.etag.as_ref() {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, kept.body.clone()).into_response()
}

/// Serves rows of a read model, until the process is killed.
pub(crate) async fn serve_rows(read_model: &Path) {
    let options = SqliteConnectOptions::new().filename(read_model).read_only(true);
    let pool = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await;
    let pool = pool.expect("the read model can be read");
    serve(Router::new().route("/v1/movies/{id}", get(row)).with_state(pool)).await;
}

async fn row(State(pool): State<SqlitePool>, Segment(id): Segment<Uuid>) -> Response {
    let query = sqlx::query_scalar("SELECT document FROM movie WHERE id = ?");
    document(query.bind(id).fetch_optional(&pool).await)
}

/// Serves rows of a read model on Postgres, until the process is killed.
pub(crate) async fn serve_postgres_rows(url: &Path) {
    let pool = PgPoolOptions::new().max_connections(READERS).test_before_acquire(false);
    let pool = pool.connect(&url.to_string_lossy()).await.expect("the read model can be read");
    serve(Router::new().route("/v1/movies/{id}", get(postgres_row)).with_state(pool)).await;
}

async fn postgres_row(State(pool): State<PgPool>, Segment(id): Segment<Uuid>) -> Response {
    let query = sqlx::query_scalar("SELECT document FROM movie WHERE id = $1");
    document(query.bind(id).fetch_optional(&pool).await)
}

fn document(found: Result<Option<String>, sqlx::Error>) -> Response {
    match found {
        Ok(Some(document)) => {
            ([(header::CONTENT_TYPE, "application/json")], document).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn serve(router: Router) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("its address"));
    axum::serve(listener, router).await.expect("it serves");
}
