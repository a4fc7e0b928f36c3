//! Several clients at once: nobody's change is lost, and nobody loses a race that was none.

use std::collections::HashSet;

use events::StreamName;
use futures::future::join_all;
use http::StatusCode;
use identity::Role;
use serde_json::{Value, json};

use crate::testing::{Api, ID};

#[tokio::test(flavor = "multi_thread")]
async fn two_editors_of_different_fields_both_win() {
    let api = Api::start().await;
    let film = api.film().await;
    let patches = [r#"{"runtime_minutes": 98}"#, r#"{"country": "HK"}"#];
    let answers = join_all(patches.map(|body| api.ask("PATCH", &film).json(body).send())).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
    let same = json!({"runtime_minutes": 98, "country": "HK"}).to_string();
    let answer = api.ask("PATCH", &film).json(&same).send().await;
    assert!(answer.event_types().is_empty(), "one of the changes was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_editors_who_saw_the_same_version_one_wins() {
    let api = Api::start().await;
    let film = api.film().await;
    let patches = [r#"{"year": 2001}"#, r#"{"year": 2002}"#];
    let answers = join_all(
        patches.map(|body| api.ask("PATCH", &film).header("if-match", "\"r1\"").json(body).send()),
    )
    .await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(api.history().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_editors_of_one_film_all_get_their_turn() {
    let api = Api::start().await;
    let film = api.film().await;
    let answers = join_all((0..32).map(|n| {
        let path = format!("{film}/tags/tag-{n}");
        let api = api.clone();
        async move { api.ask("PUT", &path).send().await }
    }))
    .await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
    let revisions: HashSet<u64> =
        answers.iter().filter_map(|answer| answer.body["revision"].as_u64()).collect();
    assert_eq!(revisions, (2..=33).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_rate_one_film_and_none_waits_for_another() {
    let api = Api::start().await;
    let path = format!("{}/ratings/me", api.film().await);
    let answers = join_all((1..=32).map(|number| {
        let body = json!({"value": number % 10 + 1}).to_string();
        api.anonymous("PUT", &path).by(Role::Member, number).json(&body).send()
    }))
    .await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.header("etag"), "\"r1\"");
    }
    let positions: HashSet<u64> =
        answers.iter().filter_map(|answer| answer.body["position"].as_u64()).collect();
    assert_eq!(positions, (2..=33).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_has_one_effect() {
    let api = Api::start().await;
    let path = format!("/v1/movies/{ID}");
    let body = r#"{"title": "A", "tags": ["b"]}"#;
    let send = || api.ask("PUT", &path).header("idempotency-key", "k").json(body).send();
    let answers = join_all((0..16).map(|_| send())).await;
    for answer in &answers {
        match answer.status {
            StatusCode::CREATED => assert_eq!(answer.header("etag"), "\"r1\""),
            _ => {
                answer.is_problem(409, "request-in-flight");
                assert_eq!(answer.header("retry-after"), "1");
            }
        }
    }
    let first: Vec<&Value> = answers
        .iter()
        .filter(|answer| {
            answer.status.is_success() && answer.header("idempotency-replayed").is_empty()
        })
        .map(|answer| &answer.body)
        .collect();
    assert_eq!(first.len(), 1);
    let repeated = send().await;
    assert_eq!(&repeated.body, first[0]);
    assert_eq!(api.stream(&StreamName::movie(ID.parse().unwrap())).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_get_the_same_request_at_once_have_one_effect() {
    let api = Api::start().await;
    let other = api.beside();
    let send = |api: &Api| {
        let api = api.clone();
        async move {
            let ask = api.ask("POST", "/v1/movies").header("idempotency-key", "k");
            ask.json(r#"{"title": "A"}"#).send().await
        }
    };
    for _ in 0..8 {
        let (one, two) = tokio::join!(send(&api), send(&other));
        assert_eq!(one.status, StatusCode::CREATED, "{one:?}");
        assert_eq!(one.body, two.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sent_to_two_processes_at_once_is_carried_out_once_and_answered_alike() {
    let api = Api::start().await;
    let other = api.beside();
    let film = api.film().await;
    for round in 1..=20 {
        let (tag, key) = (format!("\"r{round}\""), format!("k{round}"));
        let body = json!({"runtime_minutes": round}).to_string();
        let send = async |api: &Api| {
            let ask =
                api.ask("PATCH", &film).header("if-match", &tag).header("idempotency-key", &key);
            ask.json(&body).send().await
        };
        let (one, two) = tokio::join!(send(&api), send(&other));
        assert_eq!((one.status, &one.body), (StatusCode::OK, &two.body), "round {round}: {two:?}");
        let replayed =
            [&one, &two].iter().filter(|a| a.header("idempotency-replayed") == "true").count();
        assert_eq!(replayed, 1, "round {round}");
    }
    assert_eq!(api.history().await.len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_editors_at_two_processes_who_saw_the_same_version_one_wins() {
    let api = Api::start().await;
    let other = api.beside();
    let film = api.film().await;
    for round in 1..=20 {
        let tag = format!("\"r{round}\"");
        let send = async |api: &Api, minutes: u32| {
            let body = json!({"runtime_minutes": minutes}).to_string();
            api.ask("PATCH", &film).header("if-match", &tag).json(&body).send().await
        };
        let (one, two) = tokio::join!(send(&api, round * 2), send(&other, round * 2 + 1));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
    }
    assert_eq!(api.history().await.len(), 21);
}
