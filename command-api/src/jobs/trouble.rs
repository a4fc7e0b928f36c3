//! Jobs whose files are in the way, damaged or too large, and servers that were down for long.

use std::{fs, sync::atomic::Ordering, time::Duration};

use axum::body::to_bytes;
use event_log::EventLog;
use http::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::tests::{ask, file, finish, job, results};
use crate::{
    CommandOptions,
    bulk::BulkOptions,
    testing::{Api, FILM, ID},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A job whose input cannot be read.
async fn unreadable(api: &Api) -> String {
    let address = job(api, FILM).await;
    let input = file(api, &address, "input.ndjson");
    fs::remove_file(&input).unwrap();
    fs::create_dir(&input).unwrap();
    address
}

fn held(api: &Api) -> u64 {
    api.state.jobs.0.bytes.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_job_does_no_line_twice_after_an_outage_that_is_longer_than_keys_are_kept() {
    let api = Api::start().await;
    api.film().await;
    let patch =
        |year| format!("{{\"op\":\"patch\",\"id\":\"{ID}\",\"movie\":{{\"year\":{year}}}}}\n");
    let address = job(&api, (1990..2000).map(patch).collect::<String>()).await;
    let made = api.now();
    let record = file(&api, &address, "job.json");
    let before = fs::read(&record).unwrap();
    finish(&api, &address).await;
    assert_eq!(api.state.jobs.oldest_unfinished(), None);
    let events = api.history().await.len();

    // As after a power cut: of what was done of the job nothing is on its disk.
    fs::write(&record, before).unwrap();
    fs::write(file(&api, &address, "results.ndjson"), "").unwrap();
    api.pass(DAY * 30);
    let api = api.restarted();
    assert_eq!(api.state.jobs.oldest_unfinished(), Some(made));
    api.log().forget_keys(made.checked_sub(DAY).unwrap()).await.unwrap();
    assert_eq!(finish(&api, &address).await["lines"]["succeeded"], 10);
    assert_eq!(api.history().await.len(), events);
}

#[tokio::test]
async fn results_keep_within_the_bound_of_all_jobs() {
    let lines = "{}\n".repeat(100);
    let max = lines.len() as u64 + 2000;
    let bulk = BulkOptions { jobs_bytes_max: max, ..BulkOptions::default() };
    let options = CommandOptions { bulk, ..CommandOptions::default() };
    let api = Api::with_options(options).await;
    let address = job(&api, lines.clone()).await;
    let failed = finish(&api, &address).await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["detail"].as_str().unwrap().contains(&max.to_string()), "{failed}");
    let written = fs::metadata(file(&api, &address, "results.ndjson")).unwrap().len();
    assert_eq!(held(&api), lines.len() as u64 + written);
    assert!(held(&api) <= max);
    let answered = results(&api, &address).await.len();
    assert!((1..100).contains(&answered), "what there was room for is there: {answered}");
}

#[tokio::test]
async fn results_of_a_job_that_was_broken_off_count_from_the_start() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    fs::write(file(&api, &address, "results.ndjson"), "x".repeat(500)).unwrap();
    let api = api.restarted();
    assert_eq!(held(&api), FILM.len() as u64 + 500);
    finish(&api, &address).await;
    let written = fs::metadata(file(&api, &address, "results.ndjson")).unwrap().len();
    assert_eq!(held(&api), FILM.len() as u64 + written);
}

#[tokio::test]
async fn a_job_whose_files_cannot_be_read_fails_after_a_while_and_holds_up_no_other() {
    let bulk = BulkOptions { jobs_at_once: 1, ..BulkOptions::default() };
    let api = Api::with_options(CommandOptions { bulk, ..CommandOptions::default() }).await;
    let (broken, whole) = (unreadable(&api).await, job(&api, FILM).await);
    let stop = CancellationToken::new();
    let running = tokio::spawn(api.state.clone().run_jobs(stop.clone()));
    tokio::time::pause();
    let state = async |address: &str| api.ask("GET", address).send().await.body;
    let failed = loop {
        let now = state(&broken).await;
        if now["state"] == "failed" {
            break now;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    };
    tokio::time::resume();
    assert_eq!(failed["detail"], "Its files cannot be read or written.");
    while state(&whole).await["state"] != "done" {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_job_whose_files_cannot_be_read_can_be_cancelled() {
    let api = Api::start().await;
    let address = unreadable(&api).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(api.state.clone().run_jobs(stop.clone()));
    while api.ask("GET", &address).send().await.body["state"] != "running" {
        tokio::task::yield_now().await;
    }
    let answer = api.ask("DELETE", &address).send().await;
    assert_eq!((answer.status, &answer.body["state"]), (StatusCode::OK, &json!("cancelled")));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_written_later() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    let in_the_way = file(&api, &address, "job.json.new");
    fs::create_dir(&in_the_way).unwrap();
    api.ask("DELETE", &address).send().await.is_problem(503, "unavailable");
    assert_eq!(api.ask("GET", &address).send().await.body["state"], "cancelled");
    assert!(api.state.jobs.oldest_unfinished().is_some(), "a start would find it unfinished");
    fs::remove_dir(&in_the_way).unwrap();
    api.state.jobs.save_again().await;
    assert_eq!(api.state.jobs.oldest_unfinished(), None);
    let api = api.restarted();
    assert_eq!(api.ask("GET", &address).send().await.body["state"], "cancelled");
}

#[tokio::test]
async fn a_removal_that_fails_half_way_is_gone_on_with() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    finish(&api, &address).await;
    let folder = file(&api, &address, "");
    let in_the_way = folder.with_extension("tmp");
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("x"), "").unwrap();
    api.pass(DAY);
    let remove = async || api.state.jobs.remove_finished_before(DAY).await;
    remove().await;
    assert!(held(&api) > 0, "its files are there");
    for path in [address.clone(), format!("{address}/results")] {
        api.ask("GET", &path).send().await.is_problem(404, "not-found");
    }
    // As where it was renamed, and not removed.
    fs::remove_dir_all(&in_the_way).unwrap();
    fs::rename(&folder, &in_the_way).unwrap();
    remove().await;
    assert_eq!(held(&api), 0);
    assert!(!in_the_way.exists());
}

#[tokio::test]
async fn results_are_as_long_as_they_are_said_to_be() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    finish(&api, &address).await;
    let path = format!("{address}/results");
    for keep in [true, false] {
        let results = file(&api, &address, "results.ndjson");
        match keep {
            true => fs::write(&results, "{}\n").unwrap(),
            false => fs::remove_file(&results).unwrap(),
        }
        let response = api.ask("GET", &path).begin().await;
        let length = response.headers()["content-length"].to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body(), 1024).await.unwrap();
        assert_eq!((length, body.len()), (body.len().to_string(), if keep { 3 } else { 0 }));
    }
}

#[tokio::test]
async fn a_key_whose_job_was_removed_makes_another() {
    let api = Api::start().await;
    let first = ask(&api, Some("k"), FILM).await;
    finish(&api, first.header("location")).await;
    api.pass(DAY);
    api.state.jobs.remove_finished_before(DAY).await;
    let again = ask(&api, Some("k"), FILM).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::ACCEPTED, ""));
    let done: Value = finish(&api, again.header("location")).await;
    assert_eq!(done["lines"]["succeeded"], 1);
}
