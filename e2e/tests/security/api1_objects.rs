//! API1: broken object level authorization. Somebody asks for what is another's.

use e2e::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{Place, film, text};

/// An id that was given to nobody.
const NOBODY: &str = "01990000-0000-7000-8000-000000000000";

/// What an answer says, but for which request it answers.
fn said(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    for changing in ["request_id", "instance"] {
        body.as_object_mut().expect("an object").remove(changing);
    }
    (answer.status, body)
}

#[tokio::test]
async fn a_rating_is_read_and_changed_by_whoever_gave_it_and_by_nobody_else() {
    let place = Place::open();
    let film = film(&place.server).await;
    let (ann, bob) = (place.person("ann").await, place.person("bob").await);
    let mine = format!("{film}/ratings/me");
    ann.client.put(&mine, json!({"value": 9})).await.expect(201);

    bob.client.get(&mine).await.expect(404);
    bob.client.delete(&mine).await.expect(204);
    assert_eq!(ann.client.get(&mine).await.expect(200).json()["value"], 9);
    // Nor is there an address that names the other, whoever asks.
    let hers = format!("{film}/ratings/{}", ann.id);
    for client in [&bob.client, &place.server.caller("admin")] {
        client.get(&hers).await.expect(404);
        client.put(&hers, json!({"value": 1})).await.expect(404);
        client.delete(&hers).await.expect(404);
    }
    // Nor does a body say whose it is.
    let body = json!({"value": 1, "account": ann.id});
    assert!([400, 422].contains(&bob.client.put(&mine, body).await.status));
    assert_eq!(ann.client.get(&mine).await.expect(200).json()["value"], 9);
}

#[tokio::test]
async fn a_job_of_another_is_answered_as_one_that_is_not_there() {
    let place = Place::open();
    let (maker, other) = (place.server.caller("editor"), place.server.caller("editor"));
    let request = maker.request(Method::POST, "/v1/movies/bulk");
    let request = request.header("Content-Type", "application/x-ndjson");
    let request = request.header("Prefer", "respond-async").body("{\"title\":\"Solaris\"}\n");
    let job = Answer::to(request).await.expect(202).header("Location").to_owned();
    let none = format!("/v1/jobs/{NOBODY}");
    for (method, ending) in [(Method::GET, ""), (Method::GET, "/results"), (Method::DELETE, "")] {
        let ask = async |job: &str| {
            Answer::to(other.request(method.clone(), &format!("{job}{ending}"))).await
        };
        let refused = ask(&job).await.expect(404);
        assert_eq!(said(&refused), said(&ask(&none).await), "{method} {ending}");
    }
    maker.get(&job).await.expect(200);
}

#[tokio::test]
async fn a_session_of_another_is_neither_seen_nor_ended() {
    let place = Place::open();
    let (ann, bob) = (place.person("ann").await, place.person("bob").await);
    let sessions = ann.client.get("/v1/account/sessions").await.expect(200).json();
    let id = text(&sessions["items"][0], "id").to_owned();
    let of_bob = bob.client.get("/v1/account/sessions").await.expect(200);
    assert!(!of_bob.text.contains(&id));

    let refused = bob.client.delete(&format!("/v1/account/sessions/{id}")).await.expect(404);
    let unknown = bob.client.delete(&format!("/v1/account/sessions/{NOBODY}")).await.expect(404);
    assert_eq!(said(&refused), said(&unknown));
    ann.client.get("/v1/account").await.expect(200);
}

#[tokio::test]
async fn an_api_key_of_another_is_neither_seen_nor_revoked() {
    let place = Place::open();
    let (ann, bob) = (place.person("ann").await, place.person("bob").await);
    let body = json!({"name": "nightly", "scopes": ["ratings"]});
    let made = ann.client.post("/v1/account/api-keys", body).await.expect(201).json();
    let id = text(&made, "id");
    let of_bob = bob.client.get("/v1/account/api-keys").await.expect(200);
    assert!(!of_bob.text.contains(id));

    let refused = bob.client.delete(&format!("/v1/account/api-keys/{id}")).await.expect(404);
    let unknown = bob.client.delete(&format!("/v1/account/api-keys/{NOBODY}")).await.expect(404);
    assert_eq!(said(&refused), said(&unknown));
    let of_ann = ann.client.get("/v1/account/api-keys").await.expect(200);
    assert!(of_ann.text.contains(id));
}

#[tokio::test]
async fn who_may_not_see_accounts_learns_not_even_which_there_are() {
    let place = Place::open();
    let (ann, bob) = (place.person("ann").await, place.person("bob").await);
    for method in [Method::GET, Method::DELETE] {
        let ask = async |id: &str| {
            Answer::to(bob.client.request(method.clone(), &format!("/v1/accounts/{id}"))).await
        };
        let there = ask(&ann.id).await.expect(403);
        assert_eq!(said(&there), said(&ask(NOBODY).await), "{method}");
        assert_eq!(said(&there), said(&ask(&bob.id).await), "one's own is at /v1/account");
    }
    bob.client.get("/v1/accounts").await.expect(403);
    ann.client.get("/v1/account").await.expect(200);
}
