//! A client reads its own writes, and every read says what it reflects.

use std::{ffi::OsStr, time::Instant};

use e2e::{Answer, Server};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_read_waits_for_the_position_it_asks_for() {
    let server = Server::start();
    let (editor, reader) = (server.caller("editor"), server.anyone());
    for number in 1..=50 {
        let body = json!({"title": format!("Film {number}")});
        let created = editor.post("/v1/movies", body).await.expect(201);
        let position = created.header("Cinelog-Position");
        let film = created.header("Location");
        let read = reader.get_at(film, position).await.expect(200);
        let reflects: u64 = read.header("Cinelog-Position").parse().unwrap();
        assert!(reflects >= position.parse().unwrap());
    }
}

#[tokio::test]
async fn past_its_patience_a_read_is_told_when_to_try_again() {
    let server = Server::start();
    let request = server.anyone().request(Method::GET, "/v1/movies");
    let request = request.header("Cinelog-Min-Position", "1000").header("Prefer", "wait=1");
    let start = Instant::now();
    let late = Answer::to(request).await.expect(503);
    assert!(start.elapsed().as_millis() >= 900, "it waited");
    assert_eq!(late.header("Content-Type"), "application/problem+json");
    assert!(!late.header("Retry-After").is_empty());
}

#[tokio::test]
async fn who_reads_after_writing_sees_it_without_asking() {
    let server = Server::start();
    let (editor, reader) = (server.caller("editor"), server.anyone());
    for number in 1..=50 {
        let title = format!("Film {number}");
        let created = editor.post("/v1/movies", json!({"title": title})).await.expect(201);
        let film = created.header("Location");
        assert_eq!(reader.get(film).await.expect(200).json()["title"], title);
        editor.delete(film).await.expect(204);
        reader.get(film).await.expect(404);
    }
}

#[tokio::test]
async fn however_many_wait_for_a_position_others_read_and_log_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let all = ("CINELOG__SERVER__REQUESTS_MAX", OsStr::new("20"));
    let server = Server::start_in(&[all], &folder.path().join("data"), &[]);
    let waiting = (0..20).map(|_| {
        let request = server.anyone().request(Method::GET, "/v1/movies");
        let request = request.header("Cinelog-Min-Position", "1000").header("Prefer", "wait=30");
        tokio::spawn(async move { Answer::to(request).await })
    });
    let mut waiting: Vec<_> = waiting.collect();
    // Half of a quarter of 20 may wait; the others are told so at once.
    let mut refused = 0;
    while refused < 18 {
        let (answer, at, _) = futures::future::select_all(&mut waiting).await;
        waiting.remove(at);
        let answer = answer.expect("an answer").expect(503);
        assert!(answer.text.contains("Too many requests wait for a position"), "{answer:?}");
        refused += 1;
    }
    let reader = server.anyone();
    reader.get("/v1/movies").await.expect(200);
    let wrong = json!({"email": "ann@example.org", "password": "no such password"});
    reader.post("/v1/login", wrong).await.expect(401);
    for one in waiting {
        one.abort();
    }
}
