//! A backup holds everything that was acknowledged before it, and a server restored from it is the same.

use std::path::{Path, PathBuf};

use e2e::{
    Client, Output, Random, Server, Writers,
    history::{Outcome, assert_none, check, check_grown},
    run,
    writers::is_of_others,
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

const WRITERS: usize = 16;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(server: &Server, archive: &Path) -> Output {
    run(["backup", text(archive), "--data", text(server.data())]).expect_success()
}

fn restore(archive: &Path, data: &Path) -> Output {
    run(["restore", text(archive), "--data", text(data)])
}

fn verify(data: &Path) {
    run(["verify", "--data", text(data)]).expect_success();
}

/// The number before `what` in the output of a command.
fn number(output: &Output, what: &str) -> u64 {
    let words: Vec<&str> = output.stdout.split([' ', ',', ':']).collect();
    let at = words.iter().position(|word| *word == what).expect("it is said");
    words[at - 1].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_holds_all_that_was_acknowledged_before_and_nothing_half() {
    let mut random = Random::seeded_by("CINELOG_BACKUP_SEED");
    let server = Server::start();
    let writers = Writers::start(WRITERS, &server.caller("editor"), &mut random);
    let folder = folder();
    let mut backups = Vec::new();
    for number in 0..3 {
        writers.acknowledge(100).await;
        let before = writers.operations();
        let archive = folder.path().join(format!("{number}.tar"));
        let output = tokio::task::block_in_place(|| backup(&server, &archive));
        backups.push((before, archive, self::number(&output, "events")));
    }
    let operations = writers.finish().await;
    let log = e2e::facts(server.data()).await;
    assert_none(&check(&operations, &log, is_of_others));

    for (before, archive, events) in backups {
        let data = archive.with_extension("restored");
        restore(&archive, &data).expect_success();
        let restored = e2e::facts(&data).await;
        assert_eq!(restored.len() as u64, events);
        assert!(restored.len() < log.len(), "the writers went on meanwhile");
        assert_none(&check_grown(&restored, &log));
        // What the clients had been told by then is in it, and nothing that they had not asked for.
        let told = before.iter().filter(|o| matches!(o.outcome, Outcome::Acknowledged { .. }));
        let told: Vec<_> = told.cloned().collect();
        assert!(told.len() >= 100);
        let asked_later = |key: &str| told.iter().all(|operation| operation.key != key);
        assert_none(&check(&told, &restored, asked_later));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_server_serves_the_same_and_goes_on() {
    let server = Server::start_with(&["--demo"]);
    let editor = server.caller("editor");
    let films = editor.get("/v1/movies?limit=3").await.expect(200).json();
    for (film, value) in films["items"].as_array().unwrap().iter().zip([7, 8, 9]) {
        let path = film["links"]["self"].as_str().unwrap();
        editor.put(&format!("{path}/ratings/me"), json!({"value": value})).await.expect(201);
    }
    let gone = films["items"][2]["links"]["self"].as_str().unwrap();
    editor.delete(gone).await.expect(204);
    let keyed = post_with_key(&editor).await.expect(201);
    let cursor = editor.get("/v1/movies?limit=5").await.expect(200).link("next").unwrap();
    let page = editor.get(&cursor).await.expect(200).json();
    let before = everything(&editor).await;

    let folder = folder();
    let archive = folder.path().join("films.tar");
    backup(&server, &archive);
    let data = folder.path().join("restored");
    let output = restore(&archive, &data).expect_success();
    assert_eq!(number(&output, "events"), e2e::facts(server.data()).await.len() as u64);
    // It is the moment to say what the archive cannot know: who was logged out since.
    for command in ["cinelog key rotate --after 0s", "cinelog key retire KEY"] {
        assert!(output.stdout.contains(command), "{}", output.stdout);
    }
    drop(server);

    let server = Server::start_on(&data, &[]);
    let editor = editor.at(&server.url);
    assert_eq!(everything(&editor).await, before);
    verify(&data);
    // The keys came along: the token is good, cursors are, and a repeated command is known.
    assert_eq!(editor.get(&cursor).await.expect(200).json(), page);
    let again = post_with_key(&editor).await.expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), "true");
    assert_eq!(again.json(), keyed.json());
    let new = editor.post("/v1/movies", json!({"title": "After the fire"})).await.expect(201);
    let next = keyed.json()["position"].as_u64().unwrap() + 1;
    assert_eq!(new.json()["position"].as_u64().unwrap(), next, "it goes on where it was");
}

async fn post_with_key(client: &Client) -> e2e::Answer {
    let request = client.request(Method::POST, "/v1/movies").header("Idempotency-Key", "once");
    e2e::Answer::to(request.json(&json!({"title": "Once"}))).await
}

/// All films and all that they belong to, page by page, and the ETag of each film.
async fn everything(client: &Client) -> Vec<Value> {
    let mut found = Vec::new();
    for list in ["movies", "genres", "tags", "platforms", "people"] {
        let mut next = Some(format!("/v1/{list}?limit=100"));
        while let Some(page) = next {
            let answer = client.get(&page).await.expect(200);
            found.extend(answer.json()["items"].as_array().unwrap().iter().cloned());
            next = answer.link("next");
        }
    }
    let films = found.iter().take_while(|item| item.get("title").is_some());
    let paths: Vec<_> =
        films.map(|film| film["links"]["self"].as_str().unwrap().to_owned()).collect();
    assert!(paths.len() > 200);
    for path in paths {
        let answer = client.get(&path).await.expect(200);
        let etag = answer.header("ETag");
        // But for the generation, which says how often the read model has been rebuilt.
        let parts: Vec<_> = etag.split('.').filter(|part| !part.starts_with('g')).collect();
        found.push(json!({"path": path, "etag": parts.join(".")}));
    }
    found
}

#[tokio::test]
async fn a_stopped_server_is_backed_up_too() {
    let server = Server::start();
    let editor = server.caller("editor");
    editor.post("/v1/movies", json!({"title": "Solaris"})).await.expect(201);
    let stopped = server.kill();
    let archive = stopped.data().with_extension("tar");
    run(["backup", text(&archive), "--data", text(stopped.data())]).expect_success();
    let data = stopped.data().with_extension("restored");
    restore(&archive, &data).expect_success();
    assert_eq!(e2e::facts(&data).await, e2e::facts(stopped.data()).await);
}

#[tokio::test]
async fn a_damaged_archive_is_refused_and_leaves_no_trace() {
    let server = Server::start();
    let editor = server.caller("editor");
    editor.post("/v1/movies", json!({"title": "Solaris"})).await.expect(201);
    let folder = folder();
    let archive = folder.path().join("films.tar");
    backup(&server, &archive);
    let whole = std::fs::read(&archive).unwrap();
    let data = folder.path().join("restored");
    let refused = |bytes: &[u8]| {
        std::fs::write(&archive, bytes).unwrap();
        let output = restore(&archive, &data);
        assert!(!output.success);
        assert!(!data.exists(), "nothing was made");
        output.stderr
    };
    let cut = refused(&whole[..whole.len() / 2]);
    assert!(cut.contains("the backup is damaged"), "{cut}");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 0x40;
    let changed = refused(&changed);
    assert!(changed.contains("is not what was backed up"), "{changed}");
    let newer = String::from_utf8_lossy(&whole).find("\"format\": 2").unwrap();
    let mut future = whole.clone();
    future[newer + 10] = b'9';
    let future = refused(&future);
    assert!(future.contains("format 9"), "{future}");
    let other = refused(b"[server]\nlisten = \"127.0.0.1:80\"\n");
    assert!(other.contains("not a backup of Cinelog"), "{other}");

    std::fs::write(&archive, &whole).unwrap();
    restore(&archive, &data).expect_success();
}

#[tokio::test]
async fn a_folder_with_a_history_is_not_overwritten_and_a_running_server_not_disturbed() {
    let server = Server::start();
    let editor = server.caller("editor");
    editor.post("/v1/movies", json!({"title": "Solaris"})).await.expect(201);
    let folder = folder();
    let archive = folder.path().join("films.tar");
    backup(&server, &archive);
    let running = restore(&archive, server.data());
    assert!(!running.success && running.stderr.contains("in use"), "{running:?}");
    let before = e2e::facts(server.data()).await;
    let stopped = server.kill();
    let held = restore(&archive, stopped.data());
    assert!(!held.success && held.stderr.contains("there is a history already"), "{held:?}");
    assert_eq!(e2e::facts(stopped.data()).await, before);
    let again = run(["backup", text(&archive), "--data", text(stopped.data())]);
    assert!(!again.success && again.stderr.contains("--force"), "{again:?}");
    assert_eq!(files(folder.path()), [archive]);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
