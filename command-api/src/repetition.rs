//! Requests that are repeated with their `Idempotency-Key`.

use http::StatusCode;
use identity::Role;

use crate::testing::{Answered, Api, FILM, ID};

async fn create(api: &Api, key: &str, body: &str) -> Answered {
    api.ask("POST", "/v1/movies").header("idempotency-key", key).json(body).send().await
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_and_has_no_effect() {
    let api = Api::start().await;
    let first = create(&api, "k", FILM).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = create(&api, "\"k\"", FILM).await;
    assert_eq!(again.status, StatusCode::CREATED);
    assert_eq!(again.body, first.body);
    for header in ["etag", "location", "cinelog-position"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_repetition_is_answered_as_at_first_though_the_film_has_changed_since() {
    let api = Api::start().await;
    let film = api.film().await;
    let path = format!("{film}/tags/blue");
    let tag = || api.ask("PUT", &path).header("idempotency-key", "k").send();
    let first = tag().await;
    api.ask("DELETE", &film).send().await;
    let again = tag().await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.body, first.body);
}

#[tokio::test]
async fn a_command_that_changed_nothing_is_remembered_too() {
    let api = Api::start().await;
    let film = api.film().await;
    let put = || api.ask("PUT", &film).header("idempotency-key", "k").json(FILM).send();
    assert!(put().await.event_types().is_empty());
    api.ask("PATCH", &film).json(r#"{"year": 1999}"#).send().await;
    let again = put().await;
    assert_eq!(again.header("etag"), "\"r1\"");
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(api.history().await.len(), 2);
}

#[tokio::test]
async fn a_deletion_is_repeated_without_a_body() {
    let api = Api::start().await;
    let film = api.film().await;
    for replayed in ["", "true"] {
        let answer = api.ask("DELETE", &film).header("idempotency-key", "k").send().await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("idempotency-replayed"), replayed);
        assert_eq!(answer.header("etag"), "\"r2\"");
    }
}

#[tokio::test]
async fn a_key_is_good_for_one_request() {
    let api = Api::start().await;
    create(&api, "k", FILM).await;
    create(&api, "k", r#"{"title": "B"}"#).await.is_problem(422, "idempotency-key-reused");
    let path = format!("/v1/movies/{ID}");
    let answer = api.ask("PUT", &path).header("idempotency-key", "k").json(FILM).send().await;
    answer.is_problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn keys_belong_to_those_who_sent_them() {
    let api = Api::start().await;
    let first = create(&api, "k", FILM).await;
    let other = api
        .ask("POST", "/v1/movies")
        .by(Role::Editor, 7)
        .header("idempotency-key", "k")
        .json(FILM)
        .send()
        .await;
    assert_eq!(other.status, StatusCode::CREATED);
    assert_ne!(other.body["id"], first.body["id"]);
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let api = Api::start().await;
    let path = format!("/v1/movies/{ID}/tags/slow");
    let tag = || api.ask("PUT", &path).header("idempotency-key", "k").send();
    tag().await.is_problem(404, "not-found");
    api.film().await;
    assert_eq!(tag().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_dry_run_uses_up_no_key() {
    let api = Api::start().await;
    let trial = api.ask("POST", "/v1/movies?dry_run=true").header("idempotency-key", "k");
    assert_eq!(trial.json(FILM).send().await.status, StatusCode::OK);
    assert_eq!(create(&api, "k", r#"{"title": "B"}"#).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_no_key_is_refused_by_its_header() {
    let api = Api::start().await;
    let answer = create(&api, "two words", FILM).await;
    answer.is_problem(400, "malformed-request");
    assert_eq!(answer.wrong(), ["Idempotency-Key"]);
}
