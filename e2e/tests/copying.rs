//! A log moves from one store to another, and whoever used the one does not notice it on the other.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use e2e::{Answer, Client, Output, Process, Random, Server, Writers, log_url, run};
use proving_ground::Database;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

/// Films of a log that takes a while to be copied.
const MANY: usize = 25_000;

/// How often a copy is killed.
const KILLS: usize = 4;

fn arguments<'a>(from: &'a str, to: &'a str) -> [&'a str; 6] {
    ["log", "copy", "--from", from, "--to", to]
}

fn copy(from: &str, to: &str) -> Output {
    run(arguments(from, to))
}

/// The count and hash that are printed for both.
#[track_caller]
fn digest(output: &Output) -> String {
    let lines = output.stdout.lines().filter_map(|line| line.split_whitespace().nth(1));
    let digests: Vec<&str> = lines.filter(|word| word.len() > 64 && word.contains(':')).collect();
    assert!(digests.len() == 2 && digests[0] == digests[1], "{output:?}");
    digests[0].to_owned()
}

fn file(folder: &TempDir, name: &str) -> (PathBuf, String) {
    let path = folder.path().join(name);
    let url = format!("sqlite:{}", path.display());
    (path, url)
}

/// The events of a log: those of its copy in a file.
async fn facts_of(url: &str) -> Vec<e2e::history::Fact> {
    let folder = tempfile::tempdir().unwrap();
    let (path, copied) = file(&folder, "log.db");
    copy(url, &copied).expect_success();
    e2e::facts_in(&path).await
}

async fn rate(caller: &Client, film: &str, value: u8, key: &str) -> Answer {
    let request = caller.request(Method::PUT, &format!("{film}/ratings/me"));
    Answer::to(request.header("Idempotency-Key", key).json(&json!({ "value": value }))).await
}

#[tokio::test]
async fn a_laptops_history_moves_to_a_server_and_back_and_nobody_notices() {
    let old = Server::start_with(&["--demo"]);
    let editor = old.caller("editor");
    let found = old.anyone().get("/v1/movies?sort=title&limit=20").await.expect(200);
    let film = found.json()["items"][3]["links"]["self"].as_str().unwrap().to_owned();
    let rated = rate(&editor, &film, 8, "a-key").await.expect(201);
    let first = old.anyone().get("/v1/movies?sort=title&limit=20").await.expect(200);
    let next = first.link("next").unwrap();
    let page = old.anyone().get(&next).await.expect(200);
    let old = old.kill();

    let database = Database::new().await;
    let there = copy(&log_url(old.data()), database.url()).expect_success();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for key in ["cursor-key", "signing-key.pem"] {
        std::fs::copy(old.data().join(key), data.join(key)).unwrap();
    }
    let url = OsStr::new(database.url());
    let environment = [("CINELOG__LOG__URL", url), ("CINELOG__READ_MODEL__URL", url)];
    let new = Server::start_in(&environment, &data, &[]);
    new.becomes_ready(true).await;

    let again = rate(&editor.at(&new.url), &film, 8, "a-key").await.expect(201);
    assert_eq!(again.text, rated.text, "the key answers as it did, and the token is good");
    assert_eq!(again.header("ETag"), rated.header("ETag"));
    let followed = new.anyone().get(&next).await.expect(200);
    assert_eq!(followed.text, page.text, "the cursor leads on to the same films");
    assert_eq!(followed.header("Cinelog-Position"), page.header("Cinelog-Position"));
    rate(&editor.at(&new.url), &film, 9, "another-key").await.expect(200);
    drop(new);

    let (path, back) = file(&folder, "back.db");
    let returned = copy(database.url(), &back).expect_success();
    let (was, is) = (e2e::facts(old.data()).await, e2e::facts_in(&path).await);
    assert_eq!(is[..was.len()], was[..], "ids, positions, revisions and data are what they were");
    assert_ne!(digest(&there), digest(&returned), "there was one rating more");
}

#[tokio::test]
async fn a_copy_that_is_killed_again_and_again_goes_on_and_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let films: String =
        (0..MANY).map(|n| format!("{}\n", json!({"title": format!("Film {n}")}))).collect();
    let (ndjson, _) = file(&folder, "films.ndjson");
    std::fs::write(&ndjson, films).unwrap();
    let ndjson = ndjson.to_str().unwrap();
    run(["import", "--data", data.to_str().unwrap(), ndjson]).expect_success();

    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let (from, database) = (log_url(&data), Database::new().await);
    let mut killed = 0;
    for _ in 0..KILLS {
        let process = Process::start(arguments(&from, database.url()));
        // The moment itself is what is random: there is nothing to wait for.
        tokio::time::sleep(random.shorter_than(Duration::from_millis(1_500))).await;
        killed += usize::from(process.kill().status.is_none());
    }
    println!("{killed} copies were killed under way");
    let done = copy(&from, database.url()).expect_success();
    let (_, whole) = file(&folder, "whole.db");
    assert_eq!(digest(&done), digest(&copy(&from, &whole).expect_success()));
    assert_eq!(e2e::facts(&data).await, facts_of(database.url()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_server_that_is_written_to_a_copy_is_made_and_brought_up_to_date() {
    let server = Server::start();
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let writers = Writers::start(8, &server.caller("editor"), &mut random);
    writers.acknowledge(50).await;
    let (from, database) = (log_url(server.data()), Database::new().await);
    let beside = tokio::task::spawn_blocking({
        let (from, to) = (from.clone(), database.url().to_owned());
        move || copy(&from, &to).expect_success()
    });
    let beside = beside.await.unwrap();
    writers.acknowledge(50).await;
    writers.finish().await;
    let count =
        |output: &Output| digest(output).split(':').next().unwrap().parse::<usize>().unwrap();
    assert!(count(&beside) >= 50, "{beside:?}");
    let all = copy(&from, database.url()).expect_success();
    assert!(count(&all) > count(&beside), "{all:?}");
    assert_eq!(facts_of(database.url()).await, e2e::facts(server.data()).await);
}

#[tokio::test]
async fn a_target_that_is_no_beginning_of_the_source_is_refused_and_stays_as_it_is() {
    let (one, other) = (Server::start_with(&["--demo"]), Server::start_with(&["--demo"]));
    let (one, other) = (one.kill(), other.kill());
    let before = e2e::facts(other.data()).await;
    let refused = copy(&log_url(one.data()), &log_url(other.data()));
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("no beginning of the source"), "{refused:?}");
    assert_eq!(e2e::facts(other.data()).await, before);
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_without_showing_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, url) = file(&folder, "missing.db");
    let nowhere = "postgres://someone:secret@127.0.0.1:1/nothing";
    for (from, to) in [(&*url, nowhere), (nowhere, &*url), ("postgres://x:secret@h:p/", &*url)] {
        let failed = copy(from, to);
        assert_eq!(failed.status, Some(2), "{failed:?}");
        assert!(!failed.stderr.contains("secret"), "{failed:?}");
    }
    assert!(!Path::new(&missing).exists(), "nothing is made where there is nothing to copy");
}
