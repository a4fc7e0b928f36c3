//! API3: broken object property level authorization. Somebody sends more than is asked for, or reads more
//! than is meant for them.

use e2e::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{PASSWORD, Place, film, members, text};

#[tokio::test]
async fn nobody_gives_themselves_a_role_or_a_verified_address() {
    let place = Place::open();
    let ann = place.person("ann").await;
    for (member, value) in [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("disabled", json!(false)),
        ("email_verified", json!(true)),
        ("id", json!("01990000-0000-7000-8000-000000000000")),
        ("created_at", json!("2020-01-01T00:00:00Z")),
        ("password_hash", json!("$argon2id$")),
        ("__proto__", json!({"role": "admin"})),
    ] {
        let mut body = json!({"email": "eve@people.example", "password": PASSWORD});
        body[member] = value.clone();
        let refused = place.anyone().post("/v1/accounts", body).await;
        assert!([400, 422].contains(&refused.status), "{member}: {refused:?}");

        let mut patch = json!({});
        patch[member] = value;
        let request = ann.client.request(Method::PATCH, "/v1/account");
        let request = request.header("Content-Type", "application/merge-patch+json");
        let refused = Answer::to(request.body(patch.to_string())).await;
        assert!([400, 422].contains(&refused.status), "{member}: {refused:?}");
    }
    let account = ann.client.get("/v1/account").await.expect(200).json();
    assert_eq!(account["role"], "member");
    crate::people::log_in(&place.anyone(), "eve@people.example", PASSWORD).await.expect(401);
}

#[tokio::test]
async fn an_api_key_gets_no_right_that_its_owner_has_not() {
    let place = Place::open();
    let ann = place.person("ann").await;
    for body in [
        json!({"name": "k", "scopes": ["catalogue:write"], "account": "x"}),
        json!({"name": "k", "scopes": ["ratings"], "role": "admin"}),
        json!({"name": "k", "scopes": ["everything"]}),
        json!({"name": "k", "scopes": ["account"]}),
    ] {
        let refused = ann.client.post("/v1/account/api-keys", body.clone()).await;
        assert!([400, 403, 422].contains(&refused.status), "{body}: {refused:?}");
    }
    let body = json!({"name": "k", "scopes": ["ratings"]});
    let made = ann.client.post("/v1/account/api-keys", body).await.expect(201).json();
    let secret =
        made.as_object().unwrap().values().filter_map(Value::as_str).max_by_key(|v| v.len());
    let machine = place.anyone().with_token(secret.expect("a secret"));
    let film = film(&place.server).await;
    machine.put(&format!("{film}/ratings/me"), json!({"value": 7})).await.expect(201);
    machine.post("/v1/movies", json!({"title": "x"})).await.expect(403);
    machine.get("/v1/account").await.expect(403);
    machine.get("/v1/audit").await.expect(403);
    let again = json!({"name": "l", "scopes": ["ratings"]});
    machine.post("/v1/account/api-keys", again).await.expect(403);
}

/// Each answer has the members that the OpenAPI document lists, and no others.
#[tokio::test]
async fn answers_hold_what_is_documented_and_nothing_more() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let body = json!({"name": "nightly", "scopes": ["ratings"]});
    ann.client.post("/v1/account/api-keys", body).await.expect(201);
    let admin = place.server.caller("admin");
    let document = place.anyone().get("/openapi.json").await.expect(200).json();
    for (client, path, address) in [
        (&ann.client, "/v1/account", "/v1/account".to_owned()),
        (&ann.client, "/v1/account/sessions", "/v1/account/sessions".to_owned()),
        (&ann.client, "/v1/account/api-keys", "/v1/account/api-keys".to_owned()),
        (&admin, "/v1/accounts", "/v1/accounts".to_owned()),
        (&admin, "/v1/accounts/{id}", format!("/v1/accounts/{}", ann.id)),
        (&admin, "/v1/audit", "/v1/audit".to_owned()),
    ] {
        let answer = client.get(&address).await.expect(200);
        let operation = &document["paths"][path]["get"]["responses"]["200"]["content"];
        let schema = &operation["application/json"]["schema"];
        assert!(schema.is_object(), "{path} is documented: {operation}");
        only_documented(&document, schema, &answer.json(), path);
        for secret in [PASSWORD, "argon2", "$", text(&ann.signed_in, "refresh_token")] {
            assert!(!answer.text.contains(secret), "{path}: {}", answer.text);
        }
    }
}

fn only_documented(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(document, schema);
    match value {
        Value::Object(object) => {
            for (name, member) in object {
                let property = property(document, schema, name);
                let property =
                    property.unwrap_or_else(|| panic!("{place}: {name} is not documented"));
                only_documented(document, property, member, &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => {
            for item in items {
                only_documented(document, &schema["items"], item, place);
            }
        }
        _ => {}
    }
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(to) => document.pointer(to.trim_start_matches('#')).expect("a schema"),
        None => schema,
    }
}

/// A property, of the schema itself or of those that it is made of.
fn property<'d>(document: &'d Value, schema: &'d Value, name: &str) -> Option<&'d Value> {
    if let Some(own) = schema["properties"].get(name) {
        return Some(own);
    }
    let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|of| schema[of].as_array());
    parts.flatten().find_map(|part| property(document, resolved(document, part), name))
}

/// The id is the same at every film that somebody rates; who that is, admins alone can ask.
#[tokio::test]
async fn a_public_rating_shows_the_opaque_id_of_an_account_and_no_name_or_address() {
    let place = Place::open();
    let film = film(&place.server).await;
    let (ann, eve) = (place.person("annabel").await, place.person("eve").await);
    ann.client.put(&format!("{film}/ratings/me"), json!({"value": 9})).await.expect(201);
    let anyone = place.anyone();
    let ratings = anyone.get(&format!("{film}/ratings")).await.expect(200);
    let elsewhere = film_and_lists(&anyone, &film).await;
    for answer in elsewhere.iter().chain([&ratings]) {
        for told in [ann.email.as_str(), "annabel", "people.example"] {
            assert!(!answer.text.contains(told), "{}", answer.text);
        }
    }
    let rating = ratings.json()["items"][0].clone();
    assert_eq!((text(&rating, "account_id"), &rating["value"]), (ann.id.as_str(), &json!(9)));
    assert_eq!(members(&rating), ["account_id", "rated_at", "value"]);
    // A film has the sum of its ratings, and nobody's id.
    assert!(elsewhere.iter().all(|answer| !answer.text.contains(&ann.id)));
    assert!(members(&elsewhere[0].json()).contains(&"rating"));
    // Whose the id is.
    let account = format!("/v1/accounts/{}", ann.id);
    anyone.get(&account).await.expect(401);
    eve.client.get(&account).await.expect(403);
    let told = place.server.caller("admin").get(&account).await.expect(200).json();
    assert_eq!(text(&told, "email"), ann.email);
}

async fn film_and_lists(anyone: &Client, film: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for address in [film, "/v1/movies", "/v1/genres", "/v1/people"] {
        answers.push(anyone.get(address).await.expect(200));
    }
    answers
}
