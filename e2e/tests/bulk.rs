//! Many films in one request: streamed both ways, each line once, also as a job that survives the process.

use std::{collections::HashSet, path::Path, time::Duration};

use e2e::{Answer, Client, Server, run_in};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

const BULK: &str = "/v1/movies/bulk";

/// A bulk request over a connection of its own, sent and answered piece by piece.
struct Talk {
    sending: OwnedWriteHalf,
    receiving: BufReader<OwnedReadHalf>,
    /// What has been received and not been taken.
    received: String,
}

impl Talk {
    /// Sends the head of a request, with more headers.
    async fn begin(server: &Server, token: &str, more: &str) -> Self {
        let address = server.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.unwrap();
        let (receiving, mut sending) = stream.into_split();
        let head = format!(
            "POST {BULK} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\
             Accept-Encoding: gzip, br, zstd\r\n{more}\r\n"
        );
        sending.write_all(head.as_bytes()).await.unwrap();
        Self { sending, receiving: BufReader::new(receiving), received: String::new() }
    }

    async fn send(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.sending.write_all(chunk.as_bytes()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(e2e::PATIENCE, self.receiving.read_line(&mut line)).await.unwrap().unwrap();
        line.trim_end().to_owned()
    }

    /// The head of the answer.
    async fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            match self.line().await {
                line if line.is_empty() => return head.to_lowercase(),
                line => head.push_str(&format!("{line}\n")),
            }
        }
    }

    /// The next result; `None` after the last.
    async fn result(&mut self) -> Option<Value> {
        while !self.received.contains('\n') {
            let size = usize::from_str_radix(&self.line().await, 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.receiving.read_exact(&mut chunk).await.unwrap();
            if size == 0 {
                return None;
            }
            self.received.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        }
        let (line, rest) = self.received.split_once('\n').unwrap();
        let result = serde_json::from_str(line).unwrap();
        self.received = rest.to_owned();
        Some(result)
    }
}

fn films(count: usize) -> String {
    (0..count).map(|n| format!("{}\n", json!({"title": format!("Film {n}")}))).collect()
}

async fn bulk(server: &Server, token: &str, key: &str, lines: String) -> Answer {
    let request = server.anyone().request(Method::POST, BULK).bearer_auth(token);
    let request = request.header("Content-Type", "application/x-ndjson");
    Answer::to(request.header("Idempotency-Key", key).body(lines)).await.expect(200)
}

async fn promised(client: &Client, lines: String) -> String {
    let request = client.request(Method::POST, BULK).header("Content-Type", "application/x-ndjson");
    let answer = Answer::to(request.header("Prefer", "respond-async").body(lines)).await;
    answer.expect(202).header("Location").to_owned()
}

/// Waits until the job says that this is so.
async fn until(client: &Client, job: &str, so: impl Fn(&Value) -> bool) -> Value {
    let waiting = async {
        loop {
            let now = client.get(job).await.expect(200).json();
            if so(&now) {
                return now;
            }
        }
    };
    timeout(e2e::PATIENCE * 4, waiting).await.expect("the job goes on")
}

fn lines(answer: &Answer) -> Vec<Value> {
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn films_in(server: &Server, position: u64) -> Value {
    let list = server.anyone().request(Method::GET, "/v1/movies?limit=1");
    let list = list.header("Prefer", "count=exact, wait=30");
    let list = list.header("Cinelog-Min-Position", position.to_string());
    Answer::to(list).await.expect(200).json()["total"].clone()
}

#[tokio::test]
async fn a_line_is_answered_before_the_next_one_is_sent() {
    let server = Server::start();
    let mut talk = Talk::begin(&server, &server.token("editor"), "").await;
    for number in 1..=5 {
        talk.send("{\"title\": \"Still").await;
        talk.send(" here\"}\n").await;
        if number == 1 {
            let head = talk.head().await;
            assert!(head.starts_with("http/1.1 200"), "{head}");
            assert!(head.contains("cache-control: no-store"), "{head}");
            assert!(!head.contains("content-encoding"), "{head}");
        }
        let result = talk.result().await.unwrap();
        assert_eq!((&result["line"], &result["status"]), (&json!(number), &json!(201)));
    }
    talk.sending.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(talk.result().await, None);
}

#[tokio::test]
async fn who_does_not_read_is_not_read_from() {
    /// More than any buffers on the way hold.
    const BYTES_MAX: usize = 256 << 20;
    let server = Server::start();
    let mut talk = Talk::begin(&server, &server.token("editor"), "").await;
    let piece = "{}\n".repeat(1000);
    let mut sent = 0;
    // Until nothing more is taken: the server waits for us to read.
    while timeout(Duration::from_secs(5), talk.send(&piece)).await.is_ok() {
        sent += piece.len();
        assert!(sent < BYTES_MAX, "the server reads on and on");
    }
    talk.head().await;
    for number in 1..=1000 {
        assert_eq!(talk.result().await.unwrap()["line"], number);
    }
}

#[tokio::test]
async fn a_request_that_was_cut_off_and_is_repeated_does_each_line_once() {
    let server = Server::start();
    let token = server.token("editor");
    let mut talk = Talk::begin(&server, &token, "Idempotency-Key: import-7\r\n").await;
    let all = films(20);
    talk.send(&all[..all.len() / 2]).await;
    talk.head().await;
    let first = talk.result().await.unwrap();
    drop(talk);
    let once = bulk(&server, &token, "import-7", all.clone()).await;
    let again = bulk(&server, &token, "import-7", all).await;
    assert_eq!(once.text, again.text);
    let results = lines(&once);
    assert_eq!(results[0], first);
    assert!(results.iter().all(|result| result["status"] == 201), "{results:?}");
    assert_eq!(films_in(&server, 20).await, 20);
}

#[tokio::test]
async fn a_job_survives_kill_9_and_does_each_line_once() {
    const FILMS: usize = 5000;
    let server = Server::start();
    let editor = server.caller("editor");
    let job = promised(&editor, films(FILMS)).await;
    until(&editor, &job, |job| job["lines"]["answered"] != 0).await;
    let mut server = server.kill().start_again();
    for _ in 0..2 {
        let editor = editor.at(&server.url);
        until(&editor, &job, |job| job["state"] != "queued").await;
        server = server.kill().start_again();
    }
    let editor = editor.at(&server.url);
    let done = until(&editor, &job, |job| job["state"] == "done").await;
    let all = json!({"total": FILMS, "answered": FILMS, "succeeded": FILMS, "refused": 0});
    assert_eq!(done["lines"], all);

    let results = lines(&editor.get(&format!("{job}/results")).await.expect(200));
    let numbers: Vec<_> = results.iter().map(|result| result["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=FILMS as u64).collect::<Vec<_>>());
    let positions: HashSet<u64> =
        results.iter().map(|result| result["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (1..=FILMS as u64).collect());
    assert_eq!(films_in(&server, FILMS as u64).await, FILMS);
}

#[tokio::test]
async fn a_job_that_is_stopped_with_the_server_goes_on_after_the_next_start() {
    let server = Server::start();
    let editor = server.caller("editor");
    let job = promised(&editor, films(2000)).await;
    until(&editor, &job, |job| job["state"] == "running").await;
    server.terminate();
    let (ended_well, stopped) = server.wait();
    assert!(ended_well);
    let server = stopped.start_again();
    let done = until(&editor.at(&server.url), &job, |job| job["state"] == "done").await;
    assert_eq!(done["lines"]["succeeded"], 2000);
    assert_eq!(films_in(&server, 2000).await, 2000);
}

/// `cinelog account` on this folder; gives what it says.
fn account(data: &Path, arguments: &[&str]) -> String {
    let data = data.to_str().expect("a path");
    let all = [&["account"][..], arguments, &["--data", data]].concat();
    run_in(&[], all).expect_success().stdout
}

#[tokio::test]
async fn a_job_ends_whose_account_was_disabled_while_the_server_was_down() {
    const ADDRESS: &str = "ann@films.example";
    let server = Server::start();
    let create = ["create", "--role", "editor", "--email", ADDRESS, "--generate"];
    let made = account(server.data(), &create);
    let password = made.lines().find_map(|line| line.strip_prefix("password: "));
    let body = json!({"email": ADDRESS, "password": password.expect("a password")});
    let signed_in = server.anyone().post("/v1/login", body).await.expect(200).json();
    let ann = server.anyone().with_token(signed_in["access_token"].as_str().expect("a token"));
    let job = promised(&ann, films(50_000)).await;
    until(&ann, &job, |job| job["lines"]["answered"] != 0).await;

    let stopped = server.kill();
    account(stopped.data(), &["disable", ADDRESS]);
    let server = stopped.start_again();
    let is_over = |job: &Value| job["state"] != "queued" && job["state"] != "running";
    let ended = until(&server.caller("admin"), &job, is_over).await;
    assert_eq!(ended["state"], "failed", "{ended}");
    let detail = ended["detail"].as_str().expect("a detail");
    assert!(detail.starts_with("Its maker may not do this any more."), "{detail}");
    assert_ne!(ended["lines"]["answered"], 50_000);
}

#[tokio::test]
async fn a_cancelled_job_goes_no_further_and_its_results_stay() {
    let server = Server::start();
    let editor = server.caller("editor");
    let job = promised(&editor, films(50_000)).await;
    until(&editor, &job, |job| job["lines"]["answered"] != 0).await;
    let cancelled = editor.delete(&job).await.expect(200).json();
    assert_eq!(cancelled["state"], "cancelled", "{cancelled}");
    let answered = cancelled["lines"]["answered"].as_u64().unwrap();
    assert!(answered < 50_000);
    let results = editor.get(&format!("{job}/results")).await.expect(200);
    assert_eq!(lines(&results).len() as u64, answered);
    assert_eq!(films_in(&server, answered).await, answered);
}

#[tokio::test]
async fn strangers_see_no_job() {
    let server = Server::start();
    let job = promised(&server.caller("editor"), films(1)).await;
    let stranger = server.caller("editor");
    stranger.get(&job).await.expect(404);
    stranger.get(&format!("{job}/results")).await.expect(404);
    stranger.delete(&job).await.expect(404);
    server.anyone().get(&job).await.expect(401);
    server.caller("admin").get(&job).await.expect(200);
}

#[tokio::test]
async fn the_addresses_say_what_can_be_done_with_them() {
    let server = Server::start();
    let anyone = server.anyone();
    let job = "/v1/jobs/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";
    let results = format!("{job}/results");
    for (path, allowed) in [
        (BULK, "POST, OPTIONS"),
        (job, "GET, HEAD, DELETE, OPTIONS"),
        (&results, "GET, HEAD, OPTIONS"),
    ] {
        let answer = Answer::to(anyone.request(Method::OPTIONS, path)).await.expect(204);
        assert_eq!(answer.header("Allow"), allowed, "{path}");
        let answer = Answer::to(anyone.request(Method::PATCH, path)).await.expect(405);
        assert_eq!(answer.header("Allow"), allowed, "{path}");
    }
    anyone.get(BULK).await.expect(405);
}
