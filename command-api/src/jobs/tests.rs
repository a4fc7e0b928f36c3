//! Jobs, as clients meet them, through restarts.

use std::{fs, path::PathBuf, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::StatusCode;
use identity::Role;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    CommandOptions,
    bulk::{BULK_PATH, BulkOptions},
    testing::{Answered, Api, FILM, ID},
};

/// Asks for a job of these lines, under a key where one is given.
pub(super) async fn ask(api: &Api, key: Option<&str>, lines: impl Into<Body>) -> Answered {
    let mut ask = api.ask("POST", BULK_PATH).header("prefer", "respond-async");
    if let Some(key) = key {
        ask = ask.header("idempotency-key", key);
    }
    ask.lines(lines).send().await
}

/// Makes a job of these lines; gives its address.
pub(super) async fn job(api: &Api, lines: impl Into<Body>) -> String {
    let answer = ask(api, None, lines).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    answer.header("location").to_owned()
}

/// Carries jobs out until the one at `address` has finished; gives it.
pub(super) async fn finish(api: &Api, address: &str) -> Value {
    let stop = CancellationToken::new();
    let running = tokio::spawn(api.state.clone().run_jobs(stop.clone()));
    let finished = loop {
        let answer = api.ask("GET", address).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        if answer.header("retry-after").is_empty() {
            break answer.body;
        }
        tokio::task::yield_now().await;
    };
    stop.cancel();
    running.await.unwrap();
    finished
}

pub(super) async fn results(api: &Api, address: &str) -> Vec<Value> {
    api.ask("GET", &format!("{address}/results")).results().await
}

/// A file of the job at `address`.
pub(super) fn file(api: &Api, address: &str, name: &str) -> PathBuf {
    api.folder().join("jobs").join(address.rsplit('/').next().unwrap()).join(name)
}

#[tokio::test]
async fn a_job_is_promised_carried_out_and_its_results_are_there() {
    let api = Api::start().await;
    let lines = format!("{FILM}\n\n{{}}\n{{\"op\":\"put\",\"id\":\"{ID}\",\"movie\":{FILM}}}");
    let promised = ask(&api, None, lines).await;
    assert_eq!(promised.status, StatusCode::ACCEPTED);
    assert_eq!(promised.header("preference-applied"), "respond-async");
    assert_eq!(promised.body["state"], "queued");
    assert_eq!(promised.body["lines"]["total"], 3);
    let address = promised.header("location").to_owned();
    assert_eq!(promised.body["links"]["self"], address);
    assert!(results(&api, &address).await.is_empty());
    assert!(api.history().await.is_empty(), "nothing is carried out before the answer");

    let done = finish(&api, &address).await;
    assert_eq!(done["state"], "done");
    assert_eq!(done["lines"], json!({"total": 3, "answered": 3, "succeeded": 2, "refused": 1}));
    assert_eq!(done["expires_at"], "2026-01-03T03:04:05Z");
    let results = results(&api, &address).await;
    let said: Vec<_> = results.iter().map(|result| (&result["line"], &result["status"])).collect();
    assert_eq!(
        said,
        [(&json!(1), &json!(201)), (&json!(3), &json!(422)), (&json!(4), &json!(201))]
    );
}

#[tokio::test]
async fn events_of_a_job_say_who_asked_for_it_and_in_which_request() {
    let api = Api::start().await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = api
        .ask("POST", BULK_PATH)
        .header("prefer", "respond-async")
        .header("x-request-id", "r-1")
        .header("traceparent", traceparent)
        .lines(format!("{{\"op\":\"put\",\"id\":\"{ID}\",\"movie\":{FILM}}}"))
        .send()
        .await;
    finish(&api.restarted(), answer.header("location")).await;
    let metadata = &api.history().await[0].metadata;
    assert_eq!(metadata.actor.unwrap().0.as_u128(), 100);
    assert_eq!(metadata.correlation_id.as_deref(), Some("r-1"));
    assert_eq!(metadata.traceparent.as_deref(), Some(traceparent));
}

#[tokio::test]
async fn a_job_is_there_after_a_restart_and_is_carried_out_then() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    let api = api.restarted();
    assert_eq!(api.ask("GET", &address).send().await.body["state"], "queued");
    assert_eq!(finish(&api, &address).await["state"], "done");
    let api = api.restarted();
    assert_eq!(api.ask("GET", &address).send().await.body["state"], "done");
    assert_eq!(results(&api, &address).await.len(), 1);
}

#[tokio::test]
async fn a_job_goes_on_after_its_last_whole_result_and_does_no_line_twice() {
    let api = Api::start().await;
    let patch =
        |year| format!("{{\"op\":\"patch\",\"id\":\"{ID}\",\"movie\":{{\"year\":{year}}}}}\n");
    let lines: String = (1990..2010).map(patch).collect();
    api.film().await;
    let address = job(&api, lines.clone()).await;
    finish(&api, &address).await;
    let whole = fs::read_to_string(file(&api, &address, "results.ndjson")).unwrap();
    let events = api.history().await.len();

    // As after a crash: all lines were carried out, and some results were not written.
    let record = file(&api, &address, "job.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    (kept["state"], kept["finished_at"]) = (json!("running"), Value::Null);
    for cut in [0, 1, whole.len() / 3, whole.len() - 1, whole.len()] {
        fs::write(&record, kept.to_string()).unwrap();
        fs::write(file(&api, &address, "results.ndjson"), &whole[..cut]).unwrap();
        let api = api.restarted();
        let done = finish(&api, &address).await;
        assert_eq!((&done["state"], &done["lines"]["succeeded"]), (&json!("done"), &json!(20)));
        let again = fs::read_to_string(file(&api, &address, "results.ndjson")).unwrap();
        assert_eq!(again, whole, "cut at {cut}");
        assert_eq!(api.history().await.len(), events);
    }
}

#[tokio::test]
async fn a_job_stops_between_two_lines_with_the_server_and_goes_on_after_the_next_start() {
    let api = Api::start().await;
    let address = job(&api, [FILM; 200].join("\n")).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(api.state.clone().run_jobs(stop.clone()));
    while api.ask("GET", &address).send().await.body["lines"]["answered"] == 0 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.unwrap();
    let paused = results(&api, &address).await.len();
    let api = api.restarted();
    let done = finish(&api, &address).await;
    assert_eq!(done["lines"]["succeeded"], 200, "{paused} of them before");
    assert_eq!(results(&api, &address).await.len(), 200);
}

#[tokio::test]
async fn a_job_that_waits_can_be_cancelled_and_stays_so() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    for _ in 0..2 {
        let answer = api.ask("DELETE", &address).send().await;
        assert_eq!((answer.status, &answer.body["state"]), (StatusCode::OK, &json!("cancelled")));
    }
    let api = api.restarted();
    assert_eq!(finish(&api, &address).await["lines"]["answered"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_under_way_can_be_cancelled() {
    let api = Api::start().await;
    let address = job(&api, [FILM; 20_000].join("\n")).await;
    let running = tokio::spawn(api.state.clone().run_jobs(CancellationToken::new()));
    while api.ask("GET", &address).send().await.body["lines"]["answered"] == 0 {
        tokio::task::yield_now().await;
    }
    let cancelled = api.ask("DELETE", &address).send().await.body;
    assert_eq!(cancelled["state"], "cancelled");
    let answered = cancelled["lines"]["answered"].as_u64().unwrap();
    assert!((1..20_000).contains(&answered), "{answered}");
    assert_eq!(results(&api, &address).await.len() as u64, answered);
    running.abort();
}

#[tokio::test]
async fn strangers_see_no_job_and_admins_see_all() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    for (method, path) in [
        ("GET", address.clone()),
        ("GET", format!("{address}/results")),
        ("DELETE", address.clone()),
    ] {
        let by = |role, number| api.anonymous(method, &path).by(role, number).send();
        by(Role::Editor, 7).await.is_problem(404, "not-found");
        by(Role::Member, 7).await.is_problem(403, "forbidden");
        api.anonymous(method, &path).send().await.is_problem(401, "unauthorized");
    }
    let admin = api.anonymous("GET", &address).by(Role::Admin, 9).send().await;
    assert_eq!((admin.status, &admin.body["state"]), (StatusCode::OK, &json!("queued")));
    api.ask("GET", &format!("/v1/jobs/{ID}")).send().await.is_problem(404, "not-found");
    api.ask("GET", "/v1/jobs/mine").send().await.is_problem(400, "invalid-parameter");
}

#[tokio::test]
async fn one_key_makes_one_job() {
    let api = Api::start().await;
    let first = ask(&api, Some("k"), FILM).await;
    let again = ask(&api.restarted(), Some("k"), FILM).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    ask(&api, Some("k"), "{}").await.is_problem(422, "idempotency-key-reused");
    let other = ask(&api, Some("l"), FILM).await;
    assert_ne!(other.header("location"), first.header("location"));
}

#[tokio::test]
async fn a_job_and_a_stream_with_one_key_do_each_line_once() {
    let api = Api::start().await;
    let answer = ask(&api, Some("k"), FILM).await;
    finish(&api, answer.header("location")).await;
    let streamed = api.ask("POST", BULK_PATH).header("idempotency-key", "k").lines(FILM);
    assert_eq!(streamed.results().await, results(&api, answer.header("location")).await);
}

#[tokio::test]
async fn a_dry_run_can_be_a_job() {
    let api = Api::start().await;
    let path = format!("{BULK_PATH}?dry_run=true");
    let ask = api.ask("POST", &path).header("prefer", "respond-async").lines(FILM).send().await;
    finish(&api, ask.header("location")).await;
    let results = results(&api, ask.header("location")).await;
    assert_eq!(results[0]["events"][0]["type"], "MovieCreated");
}

#[tokio::test]
async fn a_job_that_does_not_arrive_whole_is_none() {
    let api = Api::start().await;
    let pieces = [Ok(Bytes::from_static(b"{}\n")), Err(std::io::Error::other("cut"))];
    let answer = ask(&api, None, Body::from_stream(stream::iter(pieces))).await;
    answer.is_problem(400, "malformed-request");
    assert_eq!(fs::read_dir(api.folder().join("jobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn jobs_are_bounded_in_number_and_in_bytes() {
    let bulk = |options: BulkOptions| CommandOptions { bulk: options, ..Default::default() };
    let few = bulk(BulkOptions { jobs_max: 1, ..Default::default() });
    let api = Api::with_options(few).await;
    let address = job(&api, FILM).await;
    ask(&api, None, FILM).await.is_problem(503, "unavailable");
    api.ask("DELETE", &address).send().await;
    job(&api, FILM).await;

    let bytes = FILM.len() as u64;
    let small = bulk(BulkOptions { jobs_bytes_max: bytes, bytes_max: bytes, ..Default::default() });
    let api = Api::with_options(small).await;
    ask(&api, None, format!("{FILM} ")).await.is_problem(413, "payload-too-large");
    job(&api, FILM).await;
    let full = ask(&api, None, FILM).await;
    full.is_problem(503, "unavailable");
    assert!(!full.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_job_whose_results_grow_beyond_the_bound_fails() {
    let bulk = BulkOptions { bytes_max: 1024, ..BulkOptions::default() };
    let api = Api::with_options(CommandOptions { bulk, ..CommandOptions::default() }).await;
    let address = job(&api, "{}\n".repeat(100)).await;
    let failed = finish(&api, &address).await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["detail"].as_str().unwrap().contains("1024"), "{failed}");
}

#[tokio::test]
async fn a_job_goes_on_though_the_token_of_its_maker_has_expired_long_ago() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    api.pass(Duration::from_secs(48 * 60 * 60));
    let done = finish(&api, &address).await;
    assert_eq!((&done["state"], &done["lines"]["succeeded"]), (&json!("done"), &json!(1)));
}

#[tokio::test]
async fn a_job_without_its_input_fails_and_says_so() {
    let api = Api::start().await;
    let address = job(&api, FILM).await;
    fs::remove_file(file(&api, &address, "input.ndjson")).unwrap();
    let failed = finish(&api, &address).await;
    assert_eq!(
        (&failed["state"], &failed["detail"]),
        (&json!("failed"), &json!("Its input is missing."))
    );
}

#[tokio::test]
async fn jobs_that_have_been_kept_long_enough_are_removed() {
    let api = Api::start().await;
    let (old, waiting) = (job(&api, FILM).await, job(&api, FILM).await);
    api.ask("DELETE", &old).send().await;
    api.pass(Duration::from_secs(24 * 60 * 60 - 1));
    api.state.jobs.remove_finished_before(api.state.bulk.jobs_keep).await;
    assert_eq!(api.ask("GET", &old).send().await.status, StatusCode::OK);
    api.pass(Duration::from_secs(1));
    api.state.jobs.remove_finished_before(api.state.bulk.jobs_keep).await;
    api.ask("GET", &old).send().await.is_problem(404, "not-found");
    assert_eq!(api.ask("GET", &waiting).send().await.status, StatusCode::OK);
    assert_eq!(fs::read_dir(api.folder().join("jobs")).unwrap().count(), 1);
    let used = api.state.jobs.0.bytes.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(used, FILM.len() as u64);
}

#[tokio::test]
async fn what_was_never_named_is_removed_at_the_start() {
    let api = Api::start().await;
    let half = api.folder().join("jobs").join(format!("{ID}.tmp"));
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("input.ndjson"), "{}").unwrap();
    api.restarted();
    assert!(!half.exists());
}
