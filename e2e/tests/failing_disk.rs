//! A disk that is full, or whose fsync fails: commands are told to come again, nothing that was
//! acknowledged is lost, reads go on, and all goes on by itself when the disk does.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use e2e::{
    Answer, FailingDisk, PATIENCE, Random, Server, Writers,
    history::{Fact, Operation, assert_none, check},
    run,
    writers::is_of_others,
};
use reqwest::Method;
use serde_json::json;

const WRITERS: usize = 8;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A data folder on the disk, and its event log, with which all the log's files begin.
fn places(disk: &FailingDisk) -> (PathBuf, PathBuf) {
    let data = disk.folder().join("data");
    let log = data.join("log.db");
    (data, log)
}

fn writers(server: &Server) -> Writers {
    let mut random = Random::seeded_by("CINELOG_DISK_SEED");
    Writers::start(WRITERS, &server.caller("editor"), &mut random)
}

/// The log is what the clients were told, and the read model what the log says.
async fn all_is_well(data: &Path, operations: &[Operation]) {
    assert_none(&check(operations, &e2e::facts(data).await, is_of_others));
    run(["verify", "--data", text(data)]).expect_success();
}

/// Commands are refused for now, reads go on; and when the disk is well again, so is everything, without
/// any command to set it going. Then the server is killed right after the first command that succeeds.
async fn the_log_fails_and_recovers(disk: &FailingDisk, fail: impl Fn(&FailingDisk, &Path)) {
    let (data, log) = places(disk);
    let server = disk.start(&data);
    let writers = writers(&server);
    writers.acknowledge(50).await;
    for _ in 0..2 {
        fail(disk, &log);
        writers.refuse_for_now(3 * WRITERS).await;
        server.becomes_ready(false).await;
        let films = server.anyone().get("/v1/movies?limit=100").await.expect(200);
        assert!(!films.json()["items"].as_array().unwrap().is_empty(), "reads go on");
        server.anyone().get("/livez").await.expect(200);

        writers.pause().await;
        disk.heal();
        server.becomes_ready(true).await;
        writers.go_on(&server.url);
        writers.acknowledge(50).await;
    }

    fail(disk, &log);
    writers.refuse_for_now(3 * WRITERS).await;
    disk.heal();
    writers.acknowledge(1).await;
    let stopped = server.kill();
    writers.pause().await;
    assert_none(&check(&writers.operations(), &e2e::facts(&data).await, is_of_others));
    let server = stopped.start_again();
    writers.go_on(&server.url);
    writers.acknowledge(50).await;
    let operations = writers.finish().await;
    all_is_well(&data, &operations).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_answered_with_503_and_nothing_acknowledged_is_lost() {
    let Some(disk) = FailingDisk::new() else { return };
    the_log_fails_and_recovers(&disk, FailingDisk::fill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_fsync_is_answered_with_503_and_nothing_acknowledged_is_lost() {
    let Some(disk) = FailingDisk::new() else { return };
    the_log_fails_and_recovers(&disk, FailingDisk::fail_sync).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_the_disk_fails_starts_again() {
    let Some(disk) = FailingDisk::new() else { return };
    let (data, log) = places(&disk);
    let mut server = disk.start(&data);
    let writers = writers(&server);
    for fail in [FailingDisk::fill, FailingDisk::fail_sync] {
        writers.acknowledge(50).await;
        fail(&disk, &log);
        writers.refuse_for_now(3 * WRITERS).await;
        let stopped = server.kill();
        writers.pause().await;
        disk.heal();
        server = disk.start(stopped.data());
        writers.go_on(&server.url);
    }
    writers.acknowledge(50).await;
    let operations = writers.finish().await;
    all_is_well(&data, &operations).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_only_the_read_model_has_no_space_commands_go_on_and_it_catches_up_later() {
    let Some(disk) = FailingDisk::new() else { return };
    let (data, _) = places(&disk);
    let server = disk.start(&data);
    let writers = writers(&server);
    writers.acknowledge(50).await;
    disk.fill(&data.join("read-model"));
    let reader = server.anyone();
    let stale = reader.get("/v1/movies").await.expect(200).header("Cinelog-Position").to_owned();
    writers.acknowledge(100).await;
    server.becomes_ready(false).await;
    writers.acknowledge(50).await;
    let old = reader.get("/v1/movies").await.expect(200).header("Cinelog-Position").to_owned();
    assert!(position(&old) <= position(&stale) + WRITERS as u64 * 3, "reads are stale: {old}");
    disk.heal();
    server.becomes_ready(true).await;
    catch_up(&server, &data, writers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_only_the_read_model_cannot_be_synced_commands_and_reads_go_on() {
    let Some(disk) = FailingDisk::new() else { return };
    let (data, _) = places(&disk);
    let server = disk.start(&data);
    let writers = writers(&server);
    disk.fail_sync(&data.join("read-model"));
    // Enough for SQLite to want to fold its WAL into the file.
    writers.acknowledge(500).await;
    server.anyone().get("/v1/movies").await.expect(200);
    disk.heal();
    server.becomes_ready(true).await;
    catch_up(&server, &data, writers).await;
}

fn position(header: &str) -> u64 {
    header.parse().unwrap()
}

/// The read model comes to hold all that was written, and is right.
async fn catch_up(server: &Server, data: &Path, writers: Writers) {
    let operations = writers.finish().await;
    let head = e2e::facts(data).await.len().to_string();
    server.anyone().get_at("/v1/movies", head).await.expect(200);
    all_is_well(data, &operations).await;
}

#[tokio::test]
async fn an_import_that_finds_no_space_says_so_and_goes_on_later() {
    let Some(disk) = FailingDisk::new() else { return };
    let (data, log) = places(&disk);
    let server = disk.start(&data);
    let file = disk.folder().join("films.ndjson");
    std::fs::write(&file, films(500)).unwrap();
    let import = || disk.run(&["import", text(&file), "--data", text(&data)]);
    for fail in [FailingDisk::fill, FailingDisk::fail_sync] {
        fail(&disk, &log);
        let output = import();
        assert!(!output.success);
        assert!(output.stderr.contains("unavailable"), "{output:?}");
        disk.heal();
        server.becomes_ready(true).await;
    }
    import().expect_success();
    films_are_there_once(&data, 500).await;
    run(["verify", "--data", text(&data)]).expect_success();
}

#[tokio::test]
async fn a_job_that_finds_no_space_is_refused_and_one_under_way_goes_on_later() {
    let Some(disk) = FailingDisk::new() else { return };
    let (data, log) = places(&disk);
    let server = disk.start(&data);
    let editor = server.caller("editor");
    let submit = || {
        let request = editor.request(Method::POST, "/v1/movies/bulk");
        let request = request.header("Content-Type", "application/x-ndjson");
        Answer::to(request.header("Prefer", "respond-async").body(films(500)))
    };
    for fail in [FailingDisk::fill, FailingDisk::fail_sync] {
        fail(&disk, &data.join("jobs"));
        let refused = submit().await.expect(503);
        assert_eq!(refused.header("Content-Type"), "application/problem+json");
        assert_ne!(refused.header("Retry-After"), "");
        disk.heal();
    }
    assert_eq!(e2e::facts(&data).await, [], "none of it was begun");

    disk.fill(&log);
    let job = submit().await.expect(202).header("Location").to_owned();
    server.becomes_ready(false).await;
    disk.heal();
    let done = async {
        while editor.get(&job).await.expect(200).json()["state"] != "done" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("it is done in time");
    films_are_there_once(&data, 500).await;
    run(["verify", "--data", text(&data)]).expect_success();
}

fn films(count: usize) -> String {
    let film = |number| {
        let external_ids = json!({"imdb": format!("tt{number:07}")});
        format!("{}\n", json!({"title": format!("Film {number}"), "external_ids": external_ids}))
    };
    (0..count).map(film).collect()
}

async fn films_are_there_once(data: &Path, count: usize) {
    let log = e2e::facts(data).await;
    assert!(log.iter().all(|fact| fact.event_type == "MovieCreated"));
    let titles: BTreeSet<String> = log.iter().map(title).collect();
    assert_eq!((log.len(), titles.len()), (count, count));
}

fn title(fact: &Fact) -> String {
    let data: serde_json::Value = serde_json::from_str(&fact.data).unwrap();
    let title = data.pointer("/details/title").or(data.get("title"));
    title.expect("a film has a title").to_string()
}

#[tokio::test]
async fn a_backup_that_finds_no_space_says_so_and_leaves_nothing() {
    let Some(disk) = FailingDisk::new() else { return };
    let (data, _) = places(&disk);
    let server = disk.start(&data);
    let editor = server.caller("editor");
    editor.post("/v1/movies", json!({"title": "Solaris"})).await.expect(201);
    let vault = disk.folder().join("vault");
    std::fs::create_dir(&vault).unwrap();
    let archive = vault.join("films.tar");
    for (fail, reason) in
        [(FailingDisk::fill as fn(&FailingDisk, &Path), "full"), (FailingDisk::fail_sync, "error")]
    {
        fail(&disk, &vault);
        let output = disk.run(&["backup", text(&archive), "--data", text(&data)]);
        assert!(!output.success);
        assert!(output.stderr.contains(reason), "{output:?}");
        assert_eq!(std::fs::read_dir(&vault).unwrap().count(), 0, "{output:?}");
        // It was the backup's trouble alone.
        editor.post("/v1/movies", json!({"title": "Stalker"})).await.expect(201);
        assert!(server.is_ready().await);
    }
    disk.heal();
    disk.run(&["backup", text(&archive), "--data", text(&data)]).expect_success();

    let restored = disk.folder().join("restored");
    disk.fill(&restored);
    let output = disk.run(&["restore", text(&archive), "--data", text(&restored)]);
    assert!(!output.success);
    assert!(!restored.join("log.db").exists());
    disk.heal();
    disk.run(&["restore", text(&archive), "--data", text(&restored)]).expect_success();
    assert_eq!(e2e::facts(&restored).await, e2e::facts(&data).await);
}
