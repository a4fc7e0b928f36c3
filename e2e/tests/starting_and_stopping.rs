//! Starting on what cannot be used is a clear error; stopping loses nothing.

use std::{net::TcpListener, time::Duration};

use e2e::{Server, run};
use serde_json::json;

#[test]
fn a_port_in_use_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_string_lossy();
    let output = run(["serve", "--listen", &address, "--data", &data]);
    assert!(!output.success);
    assert!(output.stderr.contains(&address) && output.stderr.contains("in use"), "{output:?}");
}

#[test]
fn a_folder_that_cannot_be_used_is_a_clear_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let data = file.path().join("data").to_string_lossy().into_owned();
    let output = run(["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    assert!(!output.success);
    assert!(
        output.stderr.contains(&data) && output.stderr.contains("cannot be used"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let server = Server::start();
    let data = server.data().to_string_lossy();
    let output = run(["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    assert!(!output.success);
    assert!(output.stderr.contains("in use by another Cinelog"), "{output:?}");
    server.anyone().get("/v1/movies").await.expect(200);
}

#[test]
fn a_bad_configuration_is_an_error_that_names_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cinelog.toml");
    std::fs::write(&file, "[server]\nlistne = \"127.0.0.1:1\"\n").unwrap();
    let output = run(["serve", "--config", &file.to_string_lossy()]);
    assert!(!output.success);
    assert!(output.stderr.contains("listne"), "{output:?}");
}

#[tokio::test]
async fn requests_under_way_are_finished_when_the_server_is_told_to_stop() {
    let server = Server::start();
    let editor = server.caller("editor");
    // A read that waits for a position which is not there yet is a request that takes its time.
    let waiting = editor.request(reqwest::Method::GET, "/v1/movies");
    let waiting = waiting.header("Cinelog-Min-Position", "1").header("Prefer", "wait=20");
    let waiting = tokio::spawn(async move { e2e::Answer::to(waiting).await.status });
    let written = editor.post("/v1/movies", json!({"title": "Just in time"}));
    let written = written.await.expect(201);
    server.terminate();
    assert_eq!(waiting.await.unwrap(), 200);
    let (success, stopped) = tokio::task::spawn_blocking(move || server.wait()).await.unwrap();
    assert!(success, "it stops with success");
    let again = stopped.start_again();
    again.anyone().get(written.header("Location")).await.expect(200);
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let server = Server::start();
    // An open connection that asks for nothing must not hold it up.
    server.anyone().get("/livez").await.expect(200);
    server.terminate();
    let stopping = tokio::task::spawn_blocking(move || server.wait().0);
    let stopped = tokio::time::timeout(Duration::from_secs(10), stopping).await;
    assert!(stopped.expect("it stops within ten seconds").unwrap());
}
