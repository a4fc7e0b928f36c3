//! Starting on what cannot be used is a clear error; stopping loses nothing.

use std::{net::TcpListener, time::Duration};

use e2e::{Server, run};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

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
async fn a_request_under_way_is_finished_when_the_server_is_told_to_stop() {
    let server = Server::start();
    let address = server.url.trim_start_matches("http://").to_owned();
    let body = json!({"title": "Just in time"}).to_string();
    let (head, tail) = body.split_at(5);
    let mut client = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "POST /v1/movies HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        server.token("editor"),
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    // `100 Continue` says that the server has begun with it.
    let mut answer = [0; 1024];
    let length = client.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 100"), "{:?}", &answer[..length]);
    client.write_all(head.as_bytes()).await.unwrap();

    server.terminate();
    let admin = server.anyone().at(&server.admin_url);
    while admin.get("/readyz").await.status == 200 {}
    client.write_all(tail.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");

    let (success, stopped) = tokio::task::spawn_blocking(move || server.wait()).await.unwrap();
    assert!(success, "it stops with success");
    let found = stopped.start_again().anyone().get("/v1/movies?q=just").await.expect(200).json();
    assert_eq!(found["items"][0]["title"], "Just in time");
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
