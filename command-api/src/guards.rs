//! Edits that are guarded by what their client has seen, and what it is told where that is old.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use crate::testing::Api;

/// When everything happens, unless a test lets time pass.
const NOW: &str = "Fri, 02 Jan 2026 03:04:05 GMT";

#[tokio::test]
async fn an_edit_of_what_was_changed_since_a_date_is_refused() {
    let api = Api::start().await;
    let film = api.film().await;
    let edit = |year: u16| {
        let patch = api.ask("PATCH", &film).header("if-unmodified-since", NOW);
        let body = json!({"year": year}).to_string();
        async move { patch.json(&body).send().await }
    };
    assert_eq!(edit(2001).await.status, StatusCode::OK);
    api.pass(Duration::from_secs(1));
    assert_eq!(edit(2002).await.status, StatusCode::OK);
    let answer = edit(2003).await;
    answer.is_problem(412, "precondition-failed");
    assert_eq!(answer.body["current_revision"], 3);
}

#[tokio::test]
async fn a_tag_counts_more_than_a_date() {
    let api = Api::start().await;
    let film = api.film().await;
    let patch = api
        .ask("PATCH", &film)
        .header("if-unmodified-since", "Thu, 01 Jan 2026 00:00:00 GMT")
        .header("if-match", "\"r1\"")
        .json(r#"{"year": 2001}"#);
    assert_eq!(patch.send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn where_a_guard_is_demanded_a_date_is_one_and_what_is_no_date_is_none() {
    let api = Api::strict().await;
    let film = api.film().await;
    let edit = |date: &'static str| {
        api.ask("PATCH", &film).header("if-unmodified-since", date).json(r#"{"year": 2001}"#).send()
    };
    let answer = edit("yesterday").await;
    answer.is_problem(428, "precondition-required");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("If-Match") && detail.contains("expected_version"), "{detail}");
    assert_eq!(edit(NOW).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_genre_that_only_films_name_is_described_under_its_etag() {
    let api = Api::start().await;
    let put = |tag: &'static str| {
        let put = api.ask("PUT", "/v1/genres/noir").header("if-match", tag);
        put.json(r#"{"name": "Noir"}"#).send()
    };
    put("*").await.is_problem(412, "precondition-failed");
    assert_eq!(put("\"r0.4.g1\"").await.status, StatusCode::CREATED);
    let again = api.ask("PUT", "/v1/genres/noir").header("if-match", "\"r0.4.g1\"");
    again.json(r#"{"name": "Black"}"#).send().await.is_problem(412, "precondition-failed");
}

#[tokio::test]
async fn a_film_that_never_was_has_no_revision_zero() {
    let api = Api::start().await;
    let path = format!("/v1/movies/{}", crate::testing::ID);
    let put = api.ask("PUT", &path).header("if-match", "\"r0\"").json(crate::testing::FILM);
    put.send().await.is_problem(412, "precondition-failed");
}

#[tokio::test]
async fn what_a_client_missed_is_told_up_to_a_bound() {
    let api = Api::start().await;
    let film = api.film().await;
    for n in 0..20 {
        let synopsis = format!("{n}{}", "字".repeat(4990));
        let body = json!({"synopsis": synopsis}).to_string();
        let answer = api.ask("PATCH", &film).json(&body).send().await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let stale = || api.ask("DELETE", &film).header("if-match", "\"r1\"").send();
    let answer = stale().await;
    answer.is_problem(412, "precondition-failed");
    assert_eq!(answer.body["events_truncated"], true);
    assert!((1..20).contains(&answer.event_types().len()));
    assert!(answer.body.to_string().len() < 300 << 10);
    let late = api.ask("DELETE", &film).header("if-match", "\"r20\"").send().await;
    assert_eq!(late.body["events_truncated"], false);
    assert_eq!(late.event_types(), ["MovieDetailsChanged"]);
}
