//! Bulk requests, as clients make them.

use events::{MovieId, StreamName};
use http::StatusCode;
use identity::Role;
use serde_json::{Value, json};

use super::{BULK_PATH as BULK, LINE_BYTES_MAX};
use crate::testing::{Api, FILM, ID};

pub(super) fn statuses(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

pub(super) fn numbers(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["line"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn each_line_is_carried_out_and_answered_in_order() {
    let api = Api::start().await;
    let lines = format!(
        "{FILM}\n\
         {{\"op\": \"put\", \"id\": \"{ID}\", \"movie\": {{\"title\": \"A\"}}}}\n\
         {{\"op\": \"patch\", \"id\": \"{ID}\", \"movie\": {{\"year\": 2001}}, \"expected_version\": 1}}\n\
         \n\
         {{\"op\": \"delete\", \"id\": \"{ID}\"}}\r\n\
         {{\"op\": \"restore\", \"id\": \"{ID}\"}}\n\
         {{\"op\": \"create\", \"movie\": {FILM}}}"
    );
    let results = api.ask("POST", BULK).lines(lines).results().await;
    assert_eq!(statuses(&results), [201, 201, 200, 204, 200, 201]);
    assert_eq!(numbers(&results), [1, 2, 3, 5, 6, 7]);
    assert_eq!(
        api.happened().await,
        ["MovieCreated", "MovieDetailsChanged", "MovieDeleted", "MovieRestored"]
    );
    let restored = &results[4];
    assert_eq!((&restored["id"], &restored["revision"]), (&json!(ID), &json!(4)));
    let new: MovieId = results[0]["id"].as_str().unwrap().parse().unwrap();
    let history = api.stream(&StreamName::movie(new)).await;
    assert_eq!(results[0]["position"], history[0].position.0);
}

#[tokio::test]
async fn a_line_is_refused_as_the_single_command_is() {
    let api = Api::start().await;
    let film = api.film().await;
    let bad = r#"{"year": 1500, "cast": ["", 3], "stars": 5}"#;
    let cases = [
        (api.ask("POST", "/v1/movies").json(bad), bad.to_owned()),
        (api.ask("POST", "/v1/movies").json("{"), "{".to_owned()),
        (
            api.ask("POST", "/v1/movies").json(r#"{"title": "A", "title": "B"}"#),
            r#"{"title": "A", "title": "B"}"#.to_owned(),
        ),
        (api.ask("PUT", &film).json(bad), format!(r#"{{"op":"put","id":"{ID}","movie":{bad}}}"#)),
        (
            api.ask("PATCH", &film).json(r#"{"title": null, "expected_version": 1}"#),
            format!(
                r#"{{"op":"patch","id":"{ID}","movie":{{"title":null}},"expected_version":1}}"#
            ),
        ),
        (
            api.ask("DELETE", &film).header("if-match", "\"r0\""),
            format!(r#"{{"op":"delete","id":"{ID}","expected_version":0}}"#),
        ),
    ];
    for (single, line) in cases {
        let single = single.send().await;
        let results = api.ask("POST", BULK).lines(line).results().await;
        assert_eq!(results[0]["status"], single.status.as_u16());
        let problem = &results[0]["problem"];
        for member in ["type", "title", "status", "detail", "errors", "current_revision", "events"]
        {
            assert_eq!(problem[member], single.body[member], "{member}");
        }
        assert_eq!(problem["instance"], BULK);
    }
    assert_eq!(api.history().await.len(), 1);
}

#[tokio::test]
async fn whatever_a_line_is_it_is_answered_and_the_rest_goes_on() {
    let api = Api::start().await;
    let mut lines = b"\xef\xbb\xbf".to_vec();
    lines.extend_from_slice(FILM.as_bytes());
    lines.extend_from_slice(b"\r\n{\"title\": \"\xff\"}\n[]\nnull\n\"film\"\n \t\n");
    lines.extend_from_slice(b"{\"title\": \"A\"} {\"title\": \"B\"}\n{\"op\": 7}\n");
    lines.extend_from_slice("x".repeat(LINE_BYTES_MAX + 1).as_bytes());
    lines.extend_from_slice(b"\n\xef\xbb\xbf{}\n");
    lines.extend_from_slice(FILM.as_bytes());
    let results = api.ask("POST", BULK).lines(lines).results().await;
    assert_eq!(statuses(&results), [201, 400, 422, 422, 422, 400, 422, 413, 400, 201]);
    assert_eq!(numbers(&results), [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]);
}

#[tokio::test]
async fn an_empty_input_has_no_results() {
    let api = Api::start().await;
    assert!(api.ask("POST", BULK).lines("").results().await.is_empty());
    assert!(api.ask("POST", BULK).lines("\n\n").results().await.is_empty());
}

#[tokio::test]
async fn the_request_as_a_whole_is_refused_where_it_makes_no_sense() {
    let api = Api::start().await;
    let answer = api.ask("POST", BULK).json(FILM).send().await;
    answer.is_problem(415, "unsupported-media-type");
    assert!(answer.header("accept").contains("application/x-ndjson"));
    let member = api.anonymous("POST", BULK).by(Role::Member, 1).lines(FILM).send().await;
    member.is_problem(403, "forbidden");
    api.anonymous("POST", BULK).lines(FILM).send().await.is_problem(401, "unauthorized");
    let guarded = api.ask("POST", BULK).header("if-match", "*").lines(FILM).send().await;
    guarded.is_problem(400, "malformed-request");
    assert_eq!(guarded.wrong(), ["If-Match"]);
    let other = api.ask("POST", &format!("{BULK}?dryrun=true")).lines(FILM).send().await;
    other.is_problem(400, "invalid-parameter");
    let read = api.ask("GET", BULK).send().await;
    read.is_problem(405, "method-not-allowed");
    assert_eq!(read.header("allow"), "POST, OPTIONS");
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen() {
    let api = Api::start().await;
    api.film().await;
    let lines = format!("{FILM}\n{{\"op\": \"delete\", \"id\": \"{ID}\"}}\n{{}}");
    let ask = api.ask("POST", &format!("{BULK}?dry_run=true")).header("idempotency-key", "k");
    let results = ask.lines(lines).results().await;
    assert_eq!(statuses(&results), [200, 200, 422]);
    assert_eq!(results[1]["events"][0]["type"], "MovieDeleted");
    assert!(results[0].get("id").is_none());
    assert_eq!(api.history().await.len(), 1);
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_key_does_each_line_once() {
    let api = Api::start().await;
    let lines =
        format!("{FILM}\n{{}}\n{FILM}\n{{\"op\":\"put\",\"id\":\"{ID}\",\"movie\":{FILM}}}");
    let send =
        |lines: String| api.ask("POST", BULK).header("idempotency-key", "k").lines(lines).results();
    let first = send(lines.clone()).await;
    assert_eq!(statuses(&first), [201, 422, 201, 201]);
    assert_ne!(first[0]["id"], first[2]["id"], "lines that are alike are lines of their own");
    let mut again = send(lines.clone()).await;
    again[1]["problem"]["request_id"] = first[1]["problem"]["request_id"].clone();
    assert_eq!(again, first);
    let other = send(lines.replacen("2000", "2001", 1)).await;
    assert_eq!(statuses(&other), [422, 422, 201, 201]);
    assert_eq!(other[0]["problem"]["type"], "/problems/idempotency-key-reused");
    assert_eq!(api.history().await.len(), 1);
}

#[tokio::test]
async fn the_same_request_twice_at_once_does_each_line_once() {
    let api = Api::start().await;
    let lines = [FILM; 50].join("\n");
    let send =
        || api.ask("POST", BULK).header("idempotency-key", "k").lines(lines.clone()).results();
    let (one, other) = tokio::join!(send(), send());
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_key_of_a_line_is_no_key_of_a_single_command() {
    let api = Api::start().await;
    let bulk = api.ask("POST", BULK).header("idempotency-key", "k").lines(FILM).results().await;
    let single = api.ask("POST", "/v1/movies").header("idempotency-key", "k").json(FILM);
    let single = single.send().await;
    assert_eq!(single.status, StatusCode::CREATED);
    assert_ne!(single.body["id"], bulk[0]["id"]);
}

#[tokio::test]
async fn lines_about_one_film_are_carried_out_in_order() {
    let api = Api::start().await;
    let film = api.film().await;
    let line = |year: u64| {
        let version = year - 2000;
        json!({"op": "patch", "id": ID, "movie": {"year": year}, "expected_version": version})
    };
    let lines: String = (2001..=2150).map(|year| format!("{}\n{FILM}\n", line(year))).collect();
    let results = api.ask("POST", BULK).lines(lines).results().await;
    assert!(statuses(&results).iter().all(|status| *status < 300), "{results:?}");
    let same = api.ask("PATCH", &film).json(r#"{"year": 2150}"#).send().await;
    assert!(same.event_types().is_empty());
}

#[tokio::test]
async fn a_server_that_wants_to_know_the_version_wants_it_of_each_line() {
    let api = Api::strict().await;
    api.film().await;
    let lines = format!(
        "{{\"op\":\"delete\",\"id\":\"{ID}\"}}\n\
         {{\"op\":\"delete\",\"id\":\"{ID}\",\"expected_version\":1}}\n\
         {{\"op\":\"restore\",\"id\":\"{ID}\",\"expected_version\":2}}\n\
         {{\"op\":\"put\",\"id\":\"{ID}\",\"movie\":{{\"title\":\"A\",\"expected_version\":2}},\"expected_version\":3}}"
    );
    let results = api.ask("POST", BULK).lines(lines).results().await;
    assert_eq!(statuses(&results), [428, 204, 200, 422]);
    assert_eq!(results[3]["problem"]["errors"][0]["pointer"], "/expected_version");
}

#[tokio::test]
async fn events_of_lines_say_who_sent_them_and_in_which_request() {
    let api = Api::start().await;
    let ask = api.ask("POST", BULK).header("x-request-id", "r-1").header("idempotency-key", "k");
    let line = format!("{{\"op\":\"put\",\"id\":\"{ID}\",\"movie\":{FILM}}}");
    ask.lines(line).results().await;
    let metadata = &api.history().await[0].metadata;
    assert_eq!(metadata.actor.unwrap().0.as_u128(), 100);
    assert_eq!(metadata.correlation_id.as_deref(), Some("r-1"));
    assert_eq!(metadata.idempotency_key.as_deref(), Some("k line 1"));
}
