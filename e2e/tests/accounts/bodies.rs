//! Bodies of accounts' routes that hold more than is asked for.

use e2e::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

use crate::ground::{Ground, PASSWORD};

/// Every route that takes a body, with what it misses first where the body holds nothing that it knows.
const ROUTES: [(Method, &str, Option<&str>); 11] = [
    (Method::POST, "/v1/accounts", Some("/email")),
    (Method::POST, "/v1/login", Some("/email")),
    (Method::POST, "/v1/token", Some("/grant_type")),
    (Method::POST, "/v1/account/verification", Some("/token")),
    (Method::POST, "/v1/account/verification-mail", Some("/email")),
    (Method::POST, "/v1/account/password-reset", Some("/token")),
    (Method::POST, "/v1/account/password-reset-mail", Some("/email")),
    (Method::POST, "/v1/account/api-keys", Some("/name")),
    (Method::PUT, "/v1/account/password", Some("/current_password")),
    (Method::PATCH, "/v1/account", None),
    (Method::PATCH, "/v1/accounts/01990000-0000-7000-8000-000000000000", None),
];

#[tokio::test]
async fn every_member_that_a_route_does_not_know_is_named_at_once() {
    let ground = Ground::new();
    let address = ground.address("ada");
    ground.member(&address).await;
    let ada = ground.logged_in(&address, PASSWORD).await;
    let admin = ground.server.caller("admin");
    for (method, target, missing) in ROUTES {
        let caller = if target.starts_with("/v1/accounts/") { &admin } else { &ada };
        let body = json!({ "co~lo/ur": { "deep": 1 }, "roles": null, "stars": 5 });
        let answer = sent(caller, method, target, &body).await.expect(422);
        let expected = missing.into_iter().chain(["/co~0lo~1ur", "/roles", "/stars"]);
        assert_eq!(pointers(&answer.json()), expected.collect::<Vec<_>>(), "{target}");
        assert!(answer.text.contains("is not known here; expected "), "{target}: {}", answer.text);
    }
}

async fn sent(caller: &Client, method: Method, target: &str, body: &Value) -> Answer {
    let format = match method {
        Method::PATCH => "application/merge-patch+json",
        _ => "application/json",
    };
    let request = caller.request(method, target).header("Content-Type", format);
    Answer::to(request.body(body.to_string())).await
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("a list of what is wrong");
    errors.iter().map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}
