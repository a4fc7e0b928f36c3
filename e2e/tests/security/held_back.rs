//! Requests whose bodies come long after their heads, or never end: whoever sends them loses their rights in
//! between.

use std::time::Duration;

use e2e::{Answer, Client, PATIENCE, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::people::{PASSWORD, Place, change, editor, log_in, text};

const BULK: &str = "/v1/movies/bulk";

/// A request of which the body is still to come.
struct Begun {
    name: &'static str,
    stream: TcpStream,
    body: String,
}

/// Sends a head, and waits until it has been let in: what is asked for then is the body.
async fn begin(server: &Server, token: &str, line: &'static str, body: Value) -> Begun {
    let (_, address) = server.url.split_once("://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let body = body.to_string();
    let kind = if line.starts_with("PATCH") { "merge-patch+json" } else { "json" };
    let head = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: application/{kind}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it is sent");
    let mut begun = Begun { name: line, stream, body };
    let said = begun.head().await;
    assert!(said.starts_with("HTTP/1.1 100 "), "{line}: {said}");
    begun
}

impl Begun {
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.stream.read_u8()).await.expect("it is answered");
            head.push(byte.expect("an answer"));
        }
        String::from_utf8_lossy(&head).into_owned()
    }

    /// Sends the body; gives the head of the answer.
    async fn end(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).await.expect("it is sent");
        self.head().await
    }
}

/// What a thief would like to have done once they are found out. Begun, and held back.
async fn hold_back(server: &Server, token: &str) -> Vec<Begun> {
    let key = json!({"name": "thief", "scopes": ["catalogue:write"]});
    let password = json!({"current_password": PASSWORD, "new_password": "another lamp by the sea"});
    vec![
        begin(server, token, "POST /v1/account/api-keys", key).await,
        begin(server, token, "PATCH /v1/account", json!({"name": "Zed"})).await,
        begin(server, token, "PUT /v1/account/password", password).await,
        begin(server, token, "POST /v1/movies", json!({"title": "Held back"})).await,
    ]
}

async fn log_out(client: &Client, path: &str) {
    Answer::to(client.request(Method::POST, path)).await.expect(204);
}

#[tokio::test]
async fn a_body_that_was_held_back_does_nothing_once_its_sender_has_lost_the_right() {
    let place = Place::open();
    let admin = place.server.caller("admin");
    for how in ["logout", "everywhere", "password", "disabled", "viewer"] {
        let victim = editor(&place, how).await;
        // The thief has a token of another session, or of this one.
        let own = log_in(&place.anyone(), &victim.email, PASSWORD).await.expect(200).json();
        let own = place.anyone().with_token(text(&own, "access_token"));
        let stolen = text(&victim.signed_in, "access_token").to_owned();
        let begun = hold_back(&place.server, &stolen).await;
        match how {
            "logout" => log_out(&victim.client, "/v1/logout").await,
            "everywhere" => log_out(&own, "/v1/logout/everywhere").await,
            "password" => {
                let new = "the harbour has eight lamps now";
                let body = json!({"current_password": PASSWORD, "new_password": new});
                own.put("/v1/account/password", body).await.expect(204);
            }
            "disabled" => change(&admin, &victim.id, json!({"disabled": true})).await,
            _ => change(&admin, &victim.id, json!({"role": "viewer"})).await,
        }
        victim.client.get("/v1/account").await.expect(401);
        for request in begun {
            let name = request.name;
            let answer = request.end().await;
            assert!(answer.starts_with("HTTP/1.1 401 "), "{how}, {name}: {answer}");
            assert!(answer.to_lowercase().contains("www-authenticate: bearer"), "{answer}");
        }
    }
    let films = place.anyone().get("/v1/movies?q=held").await.expect(200).json();
    assert_eq!(films["items"], json!([]));
}

#[tokio::test]
async fn an_open_stream_ends_within_a_moment_after_its_account_was_disabled() {
    let place = Place::open();
    let ann = editor(&place, "ann").await;
    let (_, address) = place.server.url.split_once("://").expect("an address");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (receiving, mut sending) = stream.into_split();
    let token = text(&ann.signed_in, "access_token");
    let head = format!(
        "POST {BULK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    sending.write_all(head.as_bytes()).await.expect("it is sent");
    let mut received = BufReader::new(receiving).lines();
    let mut answered = 0;
    let last = loop {
        assert!(answered < 100_000, "it goes on and on");
        sending.write_all(b"12\r\n{\"title\": \"Film\"}\n\r\n").await.expect("it is read");
        let said = loop {
            let line = timeout(PATIENCE, received.next_line()).await.expect("it is answered");
            let line = line.expect("it goes on").expect("a line");
            if line.starts_with('{') {
                break serde_json::from_str::<Value>(&line).expect("a line of JSON");
            }
        };
        answered += 1;
        if answered == 1 {
            change(&place.server.caller("admin"), &ann.id, json!({"disabled": true})).await;
        }
        if said["status"] != 201 {
            break said;
        }
    };
    assert_eq!((&last["status"], &last["line"]), (&json!(401), &json!(answered)), "{last}");
    assert_eq!(last["problem"]["type"], "/problems/unauthorized");
    sending.write_all(b"0\r\n\r\n").await.expect("it is read");
    let mut rest = Vec::new();
    while let Some(line) = received.next_line().await.expect("it ends well") {
        rest.push(line);
    }
    assert_eq!(rest, ["", "0", ""], "the answer is whole");
}

#[tokio::test]
async fn a_job_ends_once_its_account_was_disabled() {
    let place = Place::open();
    let ann = editor(&place, "ann").await;
    let films = "{\"title\": \"Film\"}\n".repeat(100_000);
    let request = ann.client.request(Method::POST, BULK).body(films);
    let request = request.header("Content-Type", "application/x-ndjson");
    let job = Answer::to(request.header("Prefer", "respond-async")).await.expect(202);
    let admin = place.server.caller("admin");
    change(&admin, &ann.id, json!({"disabled": true})).await;
    let ended = async {
        loop {
            let now = admin.get(job.header("Location")).await.expect(200).json();
            if !["queued", "running"].contains(&text(&now, "state")) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let ended = timeout(PATIENCE, ended).await.expect("it ends");
    assert_eq!(ended["state"], "failed", "{ended}");
    assert!(text(&ended, "detail").contains("may not do this any more"), "{ended}");
    assert_ne!(ended["lines"]["answered"], 100_000);
}
