//! The read model is what the log says, and can be shown to be, and can be built anew, while everybody
//! goes on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{Output, PATIENCE, Process, Server, run};
use serde_json::json;

/// How soon is looked again whether something has come to pass.
const ASK_AGAIN: Duration = Duration::from_millis(100);

fn on(server: &Server, command: &[&str]) -> Output {
    let data = server.data().to_string_lossy();
    run(command.iter().copied().chain(["--data", &*data]))
}

#[tokio::test]
async fn a_running_server_is_verified_and_a_wrong_row_is_named() {
    let server = Server::start_with(&["--demo"]);
    let verified = on(&server, &["verify"]).expect_success();
    assert!(verified.stdout.contains("clean"), "{}", verified.stdout);
    let wrong = "UPDATE movie SET year = 1066 WHERE key = 1";
    e2e::execute_on_read_model(server.data(), wrong).await;
    let verified = on(&server, &["verify"]);
    assert!(!verified.success);
    assert!(verified.stdout.contains("movie 1: year is 1066"), "{}", verified.stdout);
    assert!(verified.stdout.contains("NOT CLEAN"), "{}", verified.stdout);
}

#[tokio::test]
async fn an_altered_log_is_told_from_a_wrong_read_model_and_a_rebuild_does_not_take_it_for_the_truth()
 {
    let server = Server::start_with(&["--demo"]);
    let table = if e2e::is_postgres() { " ON event" } else { "" };
    let alter = format!(
        "DROP TRIGGER event_is_never_changed{table}; \
         UPDATE event SET recorded_at = recorded_at + 1 WHERE position = 3"
    );
    e2e::execute_on_log(server.data(), &alter).await;
    let verified = on(&server, &["verify"]);
    assert_eq!(verified.status, Some(1));
    for said in ["the digests differ", "NOT CLEAN: the EVENT LOG was altered or damaged"] {
        assert!(verified.stdout.contains(said), "{}", verified.stdout);
    }
    assert!(!verified.stdout.contains("makes a new read model"), "{}", verified.stdout);
    let rebuilt = on(&server, &["rebuild"]);
    assert_eq!((rebuilt.status, rebuilt.stdout.as_str()), (Some(1), ""));
    for said in ["the EVENT LOG was altered or damaged", "a rebuild does not help"] {
        assert!(rebuilt.stderr.contains(said), "{}", rebuilt.stderr);
    }
    let listed = on(&server, &["generation", "list"]).expect_success().stdout;
    assert!(listed.lines().count() == 1 && listed.contains("1  live"), "{listed}");
}

#[tokio::test]
async fn what_cannot_be_verified_is_not_called_clean() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_string_lossy();
    let verified = run(["verify", "--data", &*data]);
    assert!(!verified.success && verified.stdout.is_empty());
    assert!(verified.stderr.contains("there is no event log"), "{}", verified.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_rebuild_under_readers_and_writers_shows_no_error_and_no_older_position() {
    let server = Server::start_with(&["--demo"]);
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (client, done) = (server.anyone(), Arc::clone(&done));
        async move {
            let mut seen = 0;
            while !done.load(Ordering::SeqCst) {
                let answer = client.get("/v1/movies?limit=5").await.expect(200);
                let position: u64 = answer.header("Cinelog-Position").parse().unwrap();
                assert!(position >= seen, "{position} after {seen}");
                seen = position;
            }
            seen
        }
    });
    let writer = tokio::spawn({
        let (client, done) = (server.caller("editor"), Arc::clone(&done));
        async move {
            let mut films = 0_u64;
            while !done.load(Ordering::SeqCst) {
                client
                    .post("/v1/movies", json!({"title": format!("New {films}")}))
                    .await
                    .expect(201);
                films += 1;
            }
            films
        }
    });
    for _ in 0..2 {
        on(&server, &["rebuild"]).expect_success();
    }
    on(&server, &["generation", "switch", "1"]).expect_success();
    on(&server, &["generation", "switch", "3"]).expect_success();
    done.store(true, Ordering::SeqCst);
    let (seen, films) = (reader.await.unwrap(), writer.await.unwrap());
    assert!(films > 0 && seen > 0);

    let listed = on(&server, &["generation", "list"]).expect_success().stdout;
    assert_eq!(listed.lines().filter(|line| line.contains("live")).count(), 1);
    assert!(listed.lines().any(|line| line.trim_start().starts_with("3  live")), "{listed}");
    on(&server, &["verify"]).expect_success();
    let refused = on(&server, &["generation", "remove", "3"]);
    assert!(refused.stderr.contains("generation 3 is live"), "{}", refused.stderr);
    on(&server, &["generation", "remove", "2"]).expect_success();
}

#[tokio::test]
async fn a_rebuild_that_is_killed_is_begun_anew_by_the_next() {
    let server = Server::start_with(&["--demo"]);
    let data = server.data().to_string_lossy().into_owned();
    for _ in 0..5 {
        Process::start(["rebuild", "--no-switch", "--data", &*data]).kill();
    }
    on(&server, &["rebuild"]).expect_success();
    on(&server, &["verify"]).expect_success();
    assert_eq!(server.anyone().get("/v1/movies?limit=1").await.expect(200).status, 200);
}

#[tokio::test]
async fn a_poison_event_is_listed_and_stays_so_where_it_cannot_be_read_still() {
    let stopped = Server::start_with(&["--demo"]).kill();
    e2e::append_unknown_event(stopped.data()).await;
    let server = stopped.start_again();
    let deadline = Instant::now() + PATIENCE;
    let listed = loop {
        let listed = on(&server, &["parked", "list"]).expect_success().stdout;
        if listed != "no stream is parked\n" {
            break listed;
        }
        assert!(Instant::now() < deadline, "it is not parked in time");
        tokio::time::sleep(ASK_AGAIN).await;
    };
    assert!(listed.contains("is MovieCrowned version 7, which is unknown here"), "{listed}");
    let stream = listed.split(':').next().unwrap();
    let retried = on(&server, &["parked", "retry", stream]);
    assert!(!retried.success && retried.stdout.contains("parked still"), "{retried:?}");
    assert!(on(&server, &["parked", "retry", "movie-x"]).stderr.contains("is not parked"));
    // It stops nothing else, and a fresh fold parks it as well.
    let created = server.caller("editor").post("/v1/movies", json!({"title": "After"})).await;
    created.expect(201);
    on(&server, &["verify"]).expect_success();
    let stopped = server.kill();
    let data = stopped.data().to_string_lossy().into_owned();
    let retried = run(["parked", "retry", "--all", "--data", &*data]);
    assert!(!retried.success && retried.stdout.contains("parked still"), "{retried:?}");
}
