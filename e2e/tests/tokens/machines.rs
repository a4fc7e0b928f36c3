//! Keys for machines.

use serde_json::{Value, json};

use crate::ground::{Ground, refused};

const KEYS: &str = "/v1/account/api-keys";
const FILM: &str = "/v1/movies/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";

#[tokio::test]
async fn a_key_is_shown_once_works_is_listed_and_revoked() {
    let ground = Ground::new();
    ground.server.caller("editor").put(FILM, json!({"title": "Stalker"})).await.expect(201);
    let ann = ground.somebody("ann").await;
    let client = ground.with_token(&ann.access);
    let wanted =
        json!({"name": "nightly", "scopes": ["ratings"], "expires_at": "2099-01-01T00:00:00Z"});
    let made = client.post(KEYS, wanted).await.expect(201);
    let (location, made) = (made.header("Location").to_owned(), made.json());
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("cinelog_key_") && key.len() == 117, "{key}");
    let machine = ground.with_token(key);
    machine.put(&format!("{FILM}/ratings/me"), json!({"value": 8})).await.expect(201);
    let list = client.get(KEYS).await.expect(200);
    assert!(!list.text.contains(key));
    let list = list.json();
    assert_eq!(list["items"][0]["name"], "nightly");
    assert_eq!(list["items"][0]["scopes"], json!(["ratings"]));
    assert!(list["items"][0]["used_at"].is_string());
    client.delete(&location).await.expect(204);
    client.delete(&location).await.expect(404);
    let answer = machine.put(&format!("{FILM}/ratings/me"), json!({"value": 9})).await;
    refused(&answer, "the API key is not known here, or has been revoked");
}

#[tokio::test]
async fn a_key_may_nothing_about_the_account_and_no_more_than_it_is_for() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let client = ground.with_token(&ann.access);
    let made = client.post(KEYS, json!({"name": "k", "scopes": ["ratings"]})).await.expect(201);
    let machine = ground.with_token(made.json()["key"].as_str().unwrap());
    machine.get(KEYS).await.expect(403);
    machine.post(KEYS, json!({"name": "k2", "scopes": ["ratings"]})).await.expect(403);
    machine.post("/v1/logout/everywhere", Value::Null).await.expect(403);
    machine.put(FILM, json!({"title": "Stalker"})).await.expect(403);
    for scopes in [json!(["account"]), json!(["catalogue:write"]), json!([]), json!(["x"])] {
        client.post(KEYS, json!({"name": "k", "scopes": scopes})).await.expect(422);
    }
    let past = json!({"name": "k", "scopes": ["ratings"], "expires_at": "2020-01-01T00:00:00Z"});
    let answer = client.post(KEYS, past).await.expect(422);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/expires_at");
    client.post(KEYS, json!({"name": " ", "scopes": ["ratings"]})).await.expect(422);
}

#[tokio::test]
async fn a_key_may_no_more_than_the_token_that_it_is_made_with() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let narrow = ground.with_token(&ground.narrow_token(&ann, "account"));
    for scope in ["accounts:admin", "audit:read", "catalogue:write", "ratings"] {
        let answer = narrow.post(KEYS, json!({"name": "k", "scopes": [scope]})).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], "/scopes/0");
    }
}

#[tokio::test]
async fn a_token_of_no_account_makes_no_key() {
    let ground = Ground::new();
    let wanted = json!({"name": "k", "scopes": ["ratings"]});
    let answer = ground.server.caller("member").post(KEYS, wanted).await.expect(404);
    assert_eq!(answer.json()["detail"], "There is no such account.");
}

#[tokio::test]
async fn somebody_elses_key_is_not_there() {
    let ground = Ground::new();
    let (ann, bob) = (ground.somebody("ann").await, ground.somebody("bob").await);
    let wanted = json!({"name": "k", "scopes": ["ratings"]});
    let made = ground.with_token(&ann.access).post(KEYS, wanted).await.expect(201);
    let bob = ground.with_token(&bob.access);
    bob.delete(made.header("Location")).await.expect(404);
    assert_eq!(bob.get(KEYS).await.expect(200).json()["items"], json!([]));
}
