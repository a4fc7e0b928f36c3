//! An acknowledged command is in the log, whatever happens to the process after the answer.

use e2e::Server;
use serde_json::json;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_kill_9() {
    let server = Server::start();
    let editor = server.caller("editor");
    let titles = (0..40).map(|number| format!("Acknowledged {number}"));
    let films = futures::future::join_all(titles.map(|title| {
        let editor = editor.clone();
        async move {
            let answer = editor.post("/v1/movies", json!({"title": title})).await.expect(201);
            (answer.header("Location").to_owned(), title)
        }
    }))
    .await;

    let server = server.kill().start_again();
    let reader = server.anyone();
    for (film, title) in films {
        assert_eq!(reader.get(&film).await.expect(200).json()["title"], title);
    }
}

#[tokio::test]
async fn the_read_model_is_made_again_from_the_log() {
    let server = Server::start();
    let editor = server.caller("editor");
    let created = editor.post("/v1/movies", json!({"title": "Solaris", "year": 1972})).await;
    let created = created.expect(201);
    let film = created.header("Location").to_owned();
    let before = editor.get(&film).await.expect(200).json();

    let stopped = server.kill();
    e2e::delete_read_model(stopped.data());
    let server = stopped.start_again();
    let position = created.header("Cinelog-Position");
    let after = server.anyone().get_at(&film, position).await;
    assert_eq!(after.expect(200).json(), before);
}

#[tokio::test]
async fn a_repeated_idempotency_key_is_answered_alike_after_kill_9() {
    let server = Server::start();
    let editor = server.caller("editor");
    let post = |editor: &e2e::Client| {
        let request = editor.request(reqwest::Method::POST, "/v1/movies");
        let request = request.header("Idempotency-Key", "\"a-key-of-the-client\"");
        e2e::Answer::to(request.json(&json!({"title": "Once"})))
    };
    let first = post(&editor).await.expect(201);
    let server = server.kill().start_again();
    // The token is still good: the key that signed it is in the data folder.
    let editor = editor.at(&server.url);
    let second = post(&editor).await.expect(201);
    assert_eq!(second.header("Location"), first.header("Location"));
    assert_eq!(second.json(), first.json());
    assert_eq!(second.header("Idempotency-Replayed"), "true");
    let all = editor.get_with("/v1/movies", "Prefer", "count=exact").await.expect(200).json();
    assert_eq!(all["total"], 1);
}
