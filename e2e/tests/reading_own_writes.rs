//! A client reads its own writes, and every read says what it reflects.

use std::time::Instant;

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
        let read = reader.get_with(film, "Cinelog-Min-Position", position).await.expect(200);
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
