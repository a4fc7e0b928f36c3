//! The audit trail: each act, done over HTTP, is found in it; nothing else about people is.

use std::time::Duration;

use e2e::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{PASSWORD, Person, Place, log_in, members, text};

const NEW_PASSWORD: &str = "nine bridges under a loud waterfall";

/// The entries of a kind about, or by, an account.
fn of<'t>(trail: &'t [Value], kind: &str, id: &str) -> Vec<&'t Value> {
    let is =
        |entry: &&Value| entry["kind"] == kind && (entry["account"] == id || entry["actor"] == id);
    trail.iter().filter(is).collect()
}

/// Waits until there is such an entry: refusals are written about a second later.
async fn found(place: &Place, kind: &str, id: &str) -> Value {
    let found = async {
        loop {
            if let Some(entry) = of(&place.trail().await, kind, id).first() {
                return (*entry).clone();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), found).await;
    found.unwrap_or_else(|_| panic!("no {kind} of {id}"))
}

async fn patch(client: &Client, path: &str, body: Value) -> Answer {
    let request = client.request(Method::PATCH, path);
    Answer::to(
        request.header("Content-Type", "application/merge-patch+json").body(body.to_string()),
    )
    .await
}

#[tokio::test]
async fn signing_in_and_out_is_in_the_trail_with_the_session_and_where_it_came_from() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let registered = found(&place, "registered", &ann.id).await;
    assert_eq!(registered["outcome"], "done");
    let entry = found(&place, "sign_in", &ann.id).await;
    assert_eq!(entry["address"], "127.0.0.1");
    assert!(entry["details"]["session"].is_string(), "{entry}");
    assert!(!entry["request_id"].is_null(), "{entry}");

    log_in(&place.anyone(), &ann.email, "not the right one at all").await.expect(401);
    let refused = found(&place, "sign_in_refused", &ann.id).await;
    assert_eq!((&refused["outcome"], &refused["actor"]), (&json!("refused"), &Value::Null));

    Answer::to(ann.client.request(reqwest::Method::POST, "/v1/logout")).await.expect(204);
    let out = found(&place, "sign_out", &ann.id).await;
    assert_eq!(out["details"]["session"], entry["details"]["session"]);
}

#[tokio::test]
async fn sessions_keys_and_passwords_are_in_the_trail_when_they_change() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let second = log_in(&place.anyone(), &ann.email, PASSWORD).await.expect(200).json();
    let sessions = ann.client.get("/v1/account/sessions").await.expect(200).json();
    let first =
        of(&place.trail().await, "sign_in", &ann.id).last().unwrap()["details"]["session"].clone();
    let mut ids = sessions["items"].as_array().unwrap().iter().map(|session| text(session, "id"));
    let other = ids.find(|id| **id != first).expect("two sessions").to_owned();
    ann.client.delete(&format!("/v1/account/sessions/{other}")).await.expect(204);
    let revoked = found(&place, "session_revoked", &ann.id).await;
    assert_eq!(revoked["details"]["session"], other.as_str());
    drop(second);

    let body = json!({"name": "nightly", "scopes": ["ratings"]});
    let key = ann.client.post("/v1/account/api-keys", body).await.expect(201).json();
    let created = found(&place, "key_created", &ann.id).await;
    assert_eq!(created["details"]["key"], key["id"]);
    ann.client.delete(&format!("/v1/account/api-keys/{}", text(&key, "id"))).await.expect(204);
    assert_eq!(found(&place, "key_revoked", &ann.id).await["details"]["key"], key["id"]);

    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    // Whoever has stolen a session and guesses the password.
    let guess = json!({"current_password": NEW_PASSWORD, "new_password": NEW_PASSWORD});
    ann.client.put("/v1/account/password", guess).await.expect(422);
    let guessed = found(&place, "sign_in_refused", &ann.id).await;
    assert_eq!(guessed["details"]["reason"], "current_password", "{guessed}");
    assert_eq!((&guessed["account"], &guessed["actor"]), (&json!(ann.id), &json!(ann.id)));
    let changed = ann.client.put("/v1/account/password", body).await;
    assert!([200, 204].contains(&changed.status), "{changed:?}");
    found(&place, "password_changed", &ann.id).await;
    log_in(&place.anyone(), &ann.email, NEW_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_is_in_the_trail() {
    let place = Place::open_with(&[("CINELOG__IDENTITY__REFRESH_GRACE", "0 s")]);
    let ann = place.person("ann").await;
    let anyone = place.anyone();
    let refresh = async |token: &str| {
        let body = json!({"grant_type": "refresh_token", "refresh_token": token});
        anyone.post("/v1/token", body).await
    };
    let first = text(&ann.signed_in, "refresh_token").to_owned();
    let second = refresh(&first).await.expect(200).json();
    refresh(text(&second, "refresh_token")).await.expect(200);
    let reused = refresh(&first).await;
    assert!([400, 401].contains(&reused.status), "{reused:?}");
    let entry = found(&place, "refresh_reused", &ann.id).await;
    assert_eq!(entry["outcome"], "refused");
}

#[tokio::test]
async fn what_an_admin_does_to_an_account_is_in_the_trail_with_who_did_it() {
    let place = Place::open();
    let (ann, admin) = (place.person("ann").await, place.server.caller("admin"));
    let account = format!("/v1/accounts/{}", ann.id);
    patch(&admin, &account, json!({"role": "editor"})).await.expect(200);
    let changed = found(&place, "role_changed", &ann.id).await;
    assert_eq!(changed["details"]["role_before"], "member");
    assert_eq!(changed["details"]["role"], "editor");
    assert_ne!(changed["actor"], Value::Null);
    assert_ne!(changed["actor"], ann.id.as_str());

    // Looking is seen, too: accounts have names and addresses.
    admin.get("/v1/accounts?limit=1").await.expect(200);
    let trail = place.trail().await;
    let read = trail.iter().find(|entry| entry["kind"] == "accounts_read").expect("an entry");
    assert_eq!((&read["account"], &read["actor"]), (&Value::Null, &changed["actor"]), "{read}");
    admin.get(&account).await.expect(200);
    let read = found(&place, "accounts_read", &ann.id).await;
    assert_eq!((&read["account"], &read["actor"]), (&json!(ann.id), &changed["actor"]), "{read}");

    patch(&admin, &account, json!({"disabled": true})).await.expect(200);
    found(&place, "disabled", &ann.id).await;
    patch(&admin, &account, json!({"disabled": false})).await.expect(200);
    found(&place, "enabled", &ann.id).await;
}

#[tokio::test]
async fn a_command_that_was_refused_is_in_the_trail_once_and_says_how_often() {
    let place = Place::open();
    let ann = place.person("ann").await;
    for _ in 0..20 {
        ann.client.post("/v1/movies", json!({"title": "x"})).await.expect(403);
    }
    let entry = found(&place, "refused", &ann.id).await;
    let details = json!({"method": "POST", "route": "/v1/movies", "status": 403});
    assert_eq!((&entry["details"], &entry["actor"]), (&details, &json!(ann.id)));
    assert!(of(&place.trail().await, "refused", &ann.id).len() <= 3, "not twenty times");
    // Somebody without a token has no name, but an address.
    place.anyone().delete("/v1/movies/01990000-0000-7000-8000-000000000000").await.expect(401);
    let nobodys = async {
        loop {
            let trail = place.trail().await;
            let of_nobody = |entry: &&Value| entry["details"]["status"] == 401;
            if let Some(entry) = trail.iter().find(of_nobody) {
                return entry.clone();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let entry = tokio::time::timeout(Duration::from_secs(30), nobodys).await.expect("an entry");
    assert_eq!((&entry["actor"], &entry["address"]), (&Value::Null, &json!("127.0.0.1")));
    assert_eq!(entry["details"]["route"], "/v1/movies/{id}", "never the address itself");
}

#[tokio::test]
async fn an_erased_account_leaves_ids_in_the_trail_and_nothing_that_leads_to_the_person() {
    let place = Place::open();
    let ann = place.person("ann").await;
    // The second waits to be counted together with others, and is written when the server ends.
    ann.client.post("/v1/movies", json!({"title": "x"})).await.expect(403);
    found(&place, "refused", &ann.id).await;
    ann.client.post("/v1/movies", json!({"title": "x"})).await.expect(403);
    let request = ann.client.request(Method::DELETE, "/v1/account");
    let erased = Answer::to(request.json(&json!({"current_password": PASSWORD}))).await;
    let erased = match erased.status {
        204 => erased,
        _ => ann.client.delete("/v1/account").await,
    };
    erased.expect(204);
    found(&place, "erased", &ann.id).await;
    let place = place.again();
    let trail = place.trail().await;
    assert_eq!(of(&trail, "refused", &ann.id).len(), 2, "{trail:?}");
    let about: Vec<_> = trail
        .iter()
        .filter(|entry| entry["account"] == ann.id.as_str() || entry["actor"] == ann.id.as_str())
        .collect();
    assert!(about.len() >= 3, "{about:?}");
    for entry in about {
        assert_eq!(
            (&entry["address"], &entry["request_id"]),
            (&Value::Null, &Value::Null),
            "{entry}"
        );
    }
}

async fn do_all_there_is(place: &Place) -> (Person, String) {
    let ann = place.person("ann").await;
    let second = log_in(&place.anyone(), &ann.email, PASSWORD).await.expect(200).json();
    log_in(&place.anyone(), &ann.email, "wrong-password-of-ann").await.expect(401);
    log_in(&place.anyone(), "stranger@people.example", "wrong-password").await.expect(401);
    let body = json!({"name": "nightly-of-ann", "scopes": ["ratings"]});
    let key = ann.client.post("/v1/account/api-keys", body).await.expect(201);
    ann.client.post("/v1/movies", json!({"title": "x"})).await.expect(403);
    let request = ann.client.request(Method::POST, "/v1/movies");
    let request = request.header("X-Request-Id", "ann@people.example").json(&json!({"title": "x"}));
    Answer::to(request).await.expect(403);
    Answer::to(ann.client.request(reqwest::Method::POST, "/v1/logout")).await.expect(204);
    (ann, format!("{second} {}", key.text))
}

#[tokio::test]
async fn nothing_in_the_trail_is_an_e_mail_a_password_or_a_token() {
    let place = Place::open();
    let (ann, others) = do_all_there_is(&place).await;
    found(&place, "refused", &ann.id).await;
    found(&place, "sign_out", &ann.id).await;
    let trail = serde_json::to_string(&place.trail().await).unwrap();
    let secrets = [&ann.signed_in.to_string(), &others].map(|text| {
        let words = text.split(['"', ' ', ',', ':', '{', '}']).map(str::to_owned);
        words.filter(|word| word.len() > 36).collect::<Vec<_>>()
    });
    for secret in secrets.iter().flatten() {
        assert!(!trail.contains(secret.as_str()), "{secret}");
    }
    for told in
        ["people.example", "@", PASSWORD, "wrong-password", "nightly-of-ann", "eyJ", "argon2"]
    {
        assert!(!trail.contains(told), "{told}: {trail}");
    }
}

#[tokio::test]
async fn the_trail_is_read_in_pages_filtered_strictly_and_says_who_read_it() {
    let place = Place::open();
    let (ann, bob) = (place.person("ann").await, place.person("bob").await);
    let admin = place.server.caller("admin");
    let page = admin.get("/v1/audit?limit=2").await.expect(200);
    assert_eq!(page.header("Cache-Control"), "no-store");
    assert_eq!(page.json()["items"].as_array().unwrap().len(), 2);
    let next = page.link("next").expect("there is more");
    let second = admin.get(&next).await.expect(200).json();
    let id = |page: &Value, at: usize| page["items"][at]["id"].clone();
    assert_ne!(id(&page.json(), 1), id(&second, 0));
    let entry = &page.json()["items"][0];
    let expected = [
        "account",
        "actor",
        "address",
        "at",
        "details",
        "id",
        "kind",
        "outcome",
        "request_id",
        "times",
    ];
    assert_eq!(members(entry), expected);

    let of_ann = admin.get(&format!("/v1/audit?account={}&kind=sign_in", ann.id)).await.expect(200);
    assert!(of_ann.text.contains(&ann.id) && !of_ann.text.contains(&bob.id));
    let now = entry["at"].as_str().unwrap();
    let later = admin.get(&format!("/v1/audit?until=2020-01-01T00:00:00Z&since={now}")).await;
    assert_eq!(later.expect(200).json()["items"], json!([]));
    // Its kind, its value and its cursor: each mistake is said.
    let bad = admin.get("/v1/audit?kind=party&since=yesterday&colour=red&account=me").await;
    assert_eq!(bad.expect(400).json()["errors"].as_array().unwrap().len(), 4);
    let foreign = format!("{next}&kind=sign_in");
    admin.get(&foreign).await.expect(400);
    admin.get("/v1/audit?cursor=AAAA").await.expect(400);

    let trail = place.trail().await;
    let reads = trail.iter().filter(|entry| entry["kind"] == "audit_read").count();
    assert!(reads >= 4, "{reads}");
    ann.client.get("/v1/audit").await.expect(403);
    place.anyone().get("/v1/audit").await.expect(401);
}
