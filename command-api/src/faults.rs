//! A log that fails: what was acknowledged happened once, and what fails says so.

mod trouble;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use http::StatusCode;
use identity::Role;
use serde_json::json;
use tokio::sync::Semaphore;

use self::trouble::Trouble;
use crate::testing::{Api, FILM, ID};

#[tokio::test]
async fn an_append_whose_outcome_is_unknown_happens_once() {
    for trouble in
        [Trouble::RequestsLost(AtomicU32::new(2)), Trouble::AnswersLost(AtomicU32::new(2))]
    {
        let api = Arc::new(trouble).api().await;
        let path = format!("/v1/movies/{ID}");
        let answer = api.ask("PUT", &path).json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let history = api.history().await;
        assert_eq!(history.len(), 1);
        assert_eq!(answer.body["events"][0]["id"], history[0].id.to_string());
    }
}

#[tokio::test]
async fn an_append_with_a_key_whose_answer_got_lost_happens_once() {
    let api = Arc::new(Trouble::AnswersLost(AtomicU32::new(1))).api().await;
    let path = format!("/v1/movies/{ID}");
    let put = || api.ask("PUT", &path).header("idempotency-key", "k").json(FILM).send();
    let first = put().await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    assert_eq!(put().await.body, first.body);
    assert_eq!(api.history().await.len(), 1);
}

#[tokio::test]
async fn a_request_that_another_process_was_faster_with_gets_its_answer_whatever_stands_in_the_way()
{
    let trouble = Arc::new(Trouble::AskedTooEarly(AtomicU32::new(0)));
    let Trouble::AskedTooEarly(left) = &*trouble else { unreachable!() };
    let api = trouble.api().await;
    let faster = api.beside();
    let path = format!("/v1/movies/{ID}");
    let steps = [
        // It exists meanwhile.
        ("PUT", FILM, ("if-none-match", "*"), "created"),
        // It is at another revision meanwhile.
        ("PATCH", r#"{"year": 2001}"#, ("if-match", "\"r1\""), "changed"),
        // Nothing is to be changed any more.
        ("PATCH", r#"{"country": "HK"}"#, ("if-match", "*"), "the same"),
    ];
    for (method, body, (header, value), key) in steps {
        let send = async |api: &Api| {
            let ask = api
                .ask(method, &path)
                .header("idempotency-key", &format!("\"{}\"", key.replace(' ', "-")));
            ask.header(header, value).json(body).send().await
        };
        let first = send(&faster).await;
        assert!(first.status.is_success(), "{key}: {first:?}");
        left.store(1, Ordering::SeqCst);
        let late = send(&api).await;
        assert_eq!((late.status, &late.body), (first.status, &first.body), "{key}");
        assert_eq!(late.header("idempotency-replayed"), "true", "{key}");
        assert_eq!(left.load(Ordering::SeqCst), 0);
    }
    assert_eq!(api.history().await.len(), 3);
}

#[tokio::test]
async fn a_key_that_another_process_has_used_for_another_request_meanwhile_is_refused() {
    let trouble = Arc::new(Trouble::AskedTooEarly(AtomicU32::new(0)));
    let Trouble::AskedTooEarly(left) = &*trouble else { unreachable!() };
    let api = trouble.api().await;
    let film = api.film().await;
    let patch = async |api: &Api, body: &str| {
        api.ask("PATCH", &film).header("idempotency-key", "k").json(body).send().await
    };
    assert_eq!(patch(&api.beside(), r#"{"year": 2001}"#).await.status, StatusCode::OK);
    left.store(1, Ordering::SeqCst);
    patch(&api, r#"{"year": 2002}"#).await.is_problem(422, "idempotency-key-reused");
    assert_eq!(api.history().await.len(), 2);
}

#[tokio::test]
async fn a_log_that_stays_away_is_said_to_be_away_and_not_why() {
    let api = Arc::new(Trouble::RequestsLost(AtomicU32::new(1000))).api().await;
    let answer = api.ask("POST", "/v1/movies").json(FILM).send().await;
    answer.is_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert!(!answer.body.to_string().contains("s3cret"));
}

#[tokio::test]
async fn a_request_that_is_repeated_while_it_is_worked_on_is_asked_to_wait() {
    let trouble = Arc::new(Trouble::Slow(Semaphore::new(0), Semaphore::new(0)));
    let Trouble::Slow(begun, go) = &*trouble else { unreachable!() };
    let api = trouble.api().await;
    let path = format!("/v1/movies/{ID}");
    let put = || api.ask("PUT", &path).header("idempotency-key", "k").json(FILM).send();
    let meanwhile = async {
        begun.acquire().await.unwrap().forget();
        let early = put().await;
        early.is_problem(409, "request-in-flight");
        assert_eq!(early.header("retry-after"), "1");
        go.add_permits(1);
    };
    let (first, ()) = tokio::join!(put(), meanwhile);
    assert_eq!(first.status, StatusCode::CREATED);
    let late = put().await;
    assert_eq!(late.header("idempotency-replayed"), "true");
    assert_eq!(late.body, first.body);
}

#[tokio::test]
async fn what_this_process_appended_itself_is_not_read_again() {
    let trouble = Arc::new(Trouble::Counted(AtomicU32::new(0)));
    let Trouble::Counted(read) = &*trouble else { unreachable!() };
    let api = trouble.api().await;
    let film = api.film().await;
    for n in 0..20 {
        let body = json!({"runtime_minutes": n + 1}).to_string();
        api.ask("PATCH", &film).json(&body).send().await;
    }
    let path = format!("{film}/ratings/me");
    for n in 0..50 {
        read.store(0, Ordering::SeqCst);
        let body = json!({"value": n % 10 + 1}).to_string();
        let answer = api.anonymous("PUT", &path).by(Role::Member, 1).json(&body).send().await;
        assert_eq!(answer.header("etag"), format!("\"r{}\"", n + 1));
        assert_eq!(read.load(Ordering::SeqCst), 0, "rating {n}");
    }
}

#[tokio::test]
async fn a_film_that_another_process_deleted_is_not_rated() {
    let api = Api::start().await;
    let other = api.beside();
    let film = api.film().await;
    let path = format!("{film}/ratings/me");
    let rate = |number| {
        let value = json!({"value": number % 10 + 1}).to_string();
        api.anonymous("PUT", &path).by(Role::Member, number).json(&value).send()
    };
    for number in (1..9).step_by(2) {
        assert_eq!(rate(number).await.status, StatusCode::CREATED);
        assert_eq!(other.ask("DELETE", &film).send().await.status, StatusCode::NO_CONTENT);
        rate(number + 1).await.is_problem(404, "not-found");
        let restored = other.ask("POST", &format!("{film}/restore")).send().await;
        assert_eq!(restored.status, StatusCode::OK);
        assert_eq!(rate(number + 1).await.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_rating_that_another_process_changed_is_known() {
    let api = Api::start().await;
    let other = api.beside();
    let path = format!("{}/ratings/me", api.film().await);
    let rate = async |api: &Api, value: u64| {
        let body = json!({"value": value}).to_string();
        api.anonymous("PUT", &path).by(Role::Member, 1).json(&body).send().await
    };
    assert_eq!(rate(&api, 1).await.status, StatusCode::CREATED);
    assert_eq!(rate(&other, 2).await.header("etag"), "\"r2\"");
    // Back to what this process thinks it is.
    assert_eq!(rate(&api, 1).await.header("etag"), "\"r3\"");
    assert_eq!(rate(&other, 1).await.header("etag"), "\"r3\"");
    let gone = other.anonymous("DELETE", &path).by(Role::Member, 1).send().await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(rate(&api, 1).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_another_process_appended_is_known_at_once() {
    let api = Api::start().await;
    let other = api.beside();
    let film = api.film().await;
    for n in 1..10 {
        for api in [&api, &other] {
            let path = format!("{film}/tags/{n}");
            assert_eq!(api.ask("PUT", &path).send().await.event_types(), ["MovieTagged"]);
            assert!(other.ask("PUT", &path).send().await.event_types().is_empty());
            let gone = api.ask("DELETE", &path).send().await;
            assert_eq!(gone.status, StatusCode::NO_CONTENT);
        }
    }
    assert_eq!(api.history().await.len(), 1 + 9 * 4);
}

#[tokio::test]
async fn an_append_that_failed_leaves_no_trace_in_what_is_known() {
    let trouble = Arc::new(Trouble::RequestsLost(AtomicU32::new(0)));
    let Trouble::RequestsLost(left) = &*trouble else { unreachable!() };
    let api = trouble.api().await;
    let film = api.film().await;
    let path = format!("{film}/tags/late");
    left.store(4, Ordering::SeqCst);
    api.ask("PUT", &path).send().await.is_problem(503, "unavailable");
    let answer = api.ask("PUT", &path).send().await;
    assert_eq!(answer.event_types(), ["MovieTagged"]);
    assert_eq!(answer.header("etag"), "\"r2\"");
}

#[tokio::test]
async fn a_stream_that_was_not_understood_is_read_again() {
    let trouble = Arc::new(Trouble::Unintelligible(AtomicBool::new(false)));
    let Trouble::Unintelligible(on) = &*trouble else { unreachable!() };
    let api = trouble.api().await;
    // Made by another process, so that this one has to read it.
    let film = api.beside().film().await;
    let path = format!("{film}/tags/late");
    on.store(true, Ordering::SeqCst);
    api.ask("PUT", &path).send().await.is_problem(500, "internal");
    on.store(false, Ordering::SeqCst);
    assert_eq!(api.ask("PUT", &path).send().await.header("etag"), "\"r2\"");
}
