//! What belongs to somebody: others cannot change it, and are not told that it is there.

use e2e::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    callers::Who,
    ground::Ground,
    recipes::{film, new_job},
};

/// An id that nothing has.
const NOTHING: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// What a refusal says, but for the request that it is about.
fn said(answer: &Answer) -> Value {
    let mut problem = answer.json();
    for name in ["instance", "request_id"] {
        problem.as_object_mut().unwrap().remove(name);
    }
    problem
}

/// `address` of somebody else is answered as an id that nothing has: 404, in the same words.
async fn is_as_if_it_were_not_there(caller: &Client, method: &Method, address: &str, id: &str) {
    let nothing = address.replace(id, NOTHING);
    assert_ne!(nothing, address);
    let theirs = Answer::to(caller.request(method.clone(), address)).await.expect(404);
    let nothing = Answer::to(caller.request(method.clone(), &nothing)).await.expect(404);
    assert_eq!(said(&theirs), said(&nothing), "{method} {address}");
}

#[tokio::test]
async fn everybody_changes_their_own_rating_only() {
    let ground = Ground::new().await;
    let editor = ground.client(Who::Role("editor")).await;
    let film = film(&editor).await;
    let mine = format!("{film}/ratings/me");
    for (role, value) in [("member", 3), ("editor", 5), ("admin", 10)] {
        let caller = ground.client(Who::Role(role)).await;
        caller.put(&mine, json!({"value": value})).await.expect(201);
    }
    for (role, value) in [("member", 3), ("editor", 5), ("admin", 10)] {
        let caller = ground.client(Who::Role(role)).await;
        assert_eq!(caller.get(&mine).await.expect(200).json()["value"], value, "{role}");
    }
    let admin = ground.client(Who::Role("admin")).await;
    admin.delete(&mine).await.expect(204);
    let member = ground.client(Who::Role("member")).await;
    assert_eq!(member.get(&mine).await.expect(200).json()["value"], 3);
}

#[tokio::test]
async fn nobody_rates_for_others_not_even_an_admin() {
    let ground = Ground::new().await;
    let admin = ground.client(Who::Role("admin")).await;
    let film = film(&admin).await;
    let member = &ground.account("member").id;
    let theirs = format!("{film}/ratings/{member}");
    admin.put(&theirs, json!({"value": 1})).await.expect(404);
    admin.delete(&theirs).await.expect(404);
    let mine = format!("{film}/ratings/me");
    for (name, body) in [
        ("account", json!({"value": 1, "account": member})),
        ("account_id", json!({"value": 1, "account_id": member})),
    ] {
        let answer = admin.put(&mine, body).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("/{name}"));
    }
    let by = format!("{mine}?account={member}");
    admin.put(&by, json!({"value": 1})).await.expect(400);
    let rater = ground.client(Who::Role("member")).await;
    rater.get(&mine).await.expect(404);
}

#[tokio::test]
async fn jobs_are_their_makers_and_for_other_editors_there_are_none() {
    let ground = Ground::new().await;
    let maker = ground.client(Who::Role("editor")).await;
    let job = new_job(&maker).await;
    let id = job.rsplit('/').next().unwrap();
    let other = ground.signed_in(&ground.new_account("editor").await).await;
    let results = format!("{job}/results");
    for (method, address) in [(Method::GET, &job), (Method::DELETE, &job), (Method::GET, &results)]
    {
        is_as_if_it_were_not_there(&other, &method, address, id).await;
    }
    maker.get(&job).await.expect(200);
    // Admins run the place.
    ground.client(Who::Role("admin")).await.get(&job).await.expect(200);
}

#[tokio::test]
async fn sessions_of_others_are_not_there_and_go_on() {
    let ground = Ground::new().await;
    let owner = ground.signed_in(ground.account("member")).await;
    let sessions = owner.get("/v1/account/sessions").await.expect(200).json();
    let id = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let address = format!("/v1/account/sessions/{id}");
    for other in ["viewer", "editor", "admin"] {
        let other = ground.signed_in(ground.account(other)).await;
        is_as_if_it_were_not_there(&other, &Method::DELETE, &address, &id).await;
    }
    owner.get("/v1/account").await.expect(200);
}

#[tokio::test]
async fn keys_of_others_are_not_there_and_go_on() {
    let ground = Ground::new().await;
    let key = ground.key(ground.account("member"), "ratings").await;
    let owner = ground.client(Who::Role("member")).await;
    let keys = owner.get("/v1/account/api-keys").await.expect(200).json();
    let id = keys["items"][0]["id"].as_str().unwrap().to_owned();
    let address = format!("/v1/account/api-keys/{id}");
    for other in ["viewer", "editor", "admin"] {
        let other = ground.client(Who::Role(other)).await;
        let theirs = other.get("/v1/account/api-keys").await.expect(200).json();
        assert!(!theirs.to_string().contains(&id));
        is_as_if_it_were_not_there(&other, &Method::DELETE, &address, &id).await;
    }
    let film = film(&ground.client(Who::Role("editor")).await).await;
    let machine = ground.anyone().with_token(&key);
    machine.put(&format!("{film}/ratings/me"), json!({"value": 4})).await.expect(201);
    // What was rated with the key was rated by its owner.
    let mine = owner.get(&format!("{film}/ratings/me")).await.expect(200);
    assert_eq!(mine.json()["value"], 4);
}

/// Whether an account is there is nothing that others learn: not from the answer, and not from its kind.
#[tokio::test]
async fn accounts_of_others_are_the_business_of_admins() {
    let ground = Ground::new().await;
    let address = |id: &str| format!("/v1/accounts/{id}");
    for role in ["viewer", "member", "editor"] {
        let caller = ground.client(Who::Role(role)).await;
        for id in [&ground.account("admin").id, NOTHING, &ground.account(role).id] {
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let request = caller.request(method, &address(id)).json(&json!({"role": "admin"}));
                let answer = Answer::to(request).await.expect(403);
                assert_eq!(answer.json()["required_role"], "admin");
            }
        }
    }
    let admin = ground.client(Who::Role("admin")).await;
    admin.get(&address(&ground.account("member").id)).await.expect(200);
    admin.get(&address(NOTHING)).await.expect(404);
}

#[tokio::test]
async fn nobody_makes_themselves_more_than_they_are() {
    let ground = Ground::new().await;
    let account = ground.new_account("member").await;
    let member = ground.signed_in(&account).await;
    let before = member.get("/v1/account").await.expect(200).json();
    for (name, value) in [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("scope", json!("accounts:admin")),
        ("id", json!(NOTHING)),
        ("verified", json!(true)),
        ("email_verified", json!(true)),
        ("disabled", json!(false)),
        ("created_at", json!("2001-01-01T00:00:00Z")),
        ("password_hash", json!("$argon2id$")),
    ] {
        let body = json!({"name": "New name", name: value});
        let patch = member.request(Method::PATCH, "/v1/account");
        let patch = patch.header("Content-Type", "application/merge-patch+json");
        let answer = Answer::to(patch.body(body.to_string())).await.expect(422);
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], format!("/{name}"), "{errors}");
    }
    assert_eq!(member.get("/v1/account").await.expect(200).json(), before);
}

#[tokio::test]
async fn nobody_registers_as_more_than_a_member() {
    let ground = Ground::new().await;
    for (name, value) in
        [("role", json!("admin")), ("verified", json!(true)), ("id", json!(NOTHING))]
    {
        let body = json!({
            "email": "eve@films.example", "password": "correct horse battery staple 7",
            "name": "Eve", name: value,
        });
        let answer = ground.anyone().post("/v1/accounts", body).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("/{name}"));
    }
}

#[tokio::test]
async fn a_key_never_has_more_than_its_owner() {
    let ground = Ground::new().await;
    let member = ground.signed_in(ground.account("member")).await;
    for scope in ["catalogue:write", "accounts:admin", "audit:read", "account"] {
        let body = json!({"name": "more", "scopes": [scope]});
        let answer = member.post("/v1/account/api-keys", body).await;
        assert!(matches!(answer.status, 403 | 422), "{scope}: {answer:?}");
    }
    let key = ground.key(ground.account("member"), "ratings").await;
    let machine = ground.anyone().with_token(&key);
    let body = json!({"name": "another", "scopes": ["ratings"]});
    machine.post("/v1/account/api-keys", body).await.expect(403);
    machine.get("/v1/account").await.expect(403);
}
