//! What a request says besides is heard or refused, and never passed over: a trial or a guard that nobody reads
//! would erase an account. A log-out alone passes them over: it would leave a session behind that was to end.

use e2e::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

use crate::ground::{Ground, PASSWORD};

/// Nobody's.
const NOTHING: &str = "01990000-0000-7000-8000-000000000000";

/// The routes that are about accounts and know no parameters, but for log-outs, and whether each takes a body.
const ROUTES: [(Method, &str, bool); 19] = [
    (Method::GET, "/v1/account", false),
    (Method::PATCH, "/v1/account", true),
    (Method::DELETE, "/v1/account", false),
    (Method::PUT, "/v1/account/password", true),
    (Method::POST, "/v1/account/verification", true),
    (Method::POST, "/v1/account/verification-mail", true),
    (Method::POST, "/v1/account/password-reset", true),
    (Method::POST, "/v1/account/password-reset-mail", true),
    (Method::GET, "/v1/account/sessions", false),
    (Method::DELETE, "/v1/account/sessions/{id}", false),
    (Method::GET, "/v1/account/api-keys", false),
    (Method::POST, "/v1/account/api-keys", true),
    (Method::DELETE, "/v1/account/api-keys/{id}", false),
    (Method::POST, "/v1/accounts", true),
    (Method::GET, "/v1/accounts/{id}", false),
    (Method::PATCH, "/v1/accounts/{id}", true),
    (Method::DELETE, "/v1/accounts/{id}", false),
    (Method::POST, "/v1/login", true),
    (Method::POST, "/v1/token", true),
];

const LOG_OUTS: [&str; 2] = ["/v1/logout", "/v1/logout/everywhere"];

/// Somebody with an account, an admin, and the id of the account.
async fn people(ground: &Ground, name: &str) -> (Client, Client, String) {
    let address = ground.address(name);
    ground.member(&address).await;
    let somebody = ground.logged_in(&address, PASSWORD).await;
    let account = somebody.get("/v1/account").await.expect(200).json();
    let id = account["id"].as_str().expect("an id").to_owned();
    (somebody, ground.server.caller("admin"), id)
}

fn errors(answer: &Answer, place: &str) -> Vec<String> {
    let problem = answer.json();
    let errors = problem["errors"].as_array().expect("a list of what is wrong");
    errors.iter().map(|error| error[place].as_str().expect("a place").to_owned()).collect()
}

#[tokio::test]
async fn a_parameter_that_a_route_does_not_know_is_named_and_nothing_is_done() {
    let ground = Ground::new();
    let (ada, admin, id) = people(&ground, "ada").await;
    for (method, route, _) in ROUTES {
        let caller = if route.starts_with("/v1/accounts/") { &admin } else { &ada };
        let target = format!("{}?dry_run=true&x=1&x=2", route.replace("{id}", &id));
        let request = caller.request(method.clone(), &target).json(&json!({}));
        let answer = Answer::to(request).await.expect(400);
        assert_eq!(errors(&answer, "parameter"), ["dry_run", "x"], "{method} {route}");
    }
    ada.get("/v1/account").await.expect(200);
}

#[tokio::test]
async fn an_account_is_erased_only_where_it_is_what_the_request_wants_it_to_be() {
    let ground = Ground::new();
    let (ada, admin, id) = people(&ground, "ada").await;
    let ways = [(&ada, "/v1/account".to_owned()), (&admin, format!("/v1/accounts/{id}"))];
    let stale = [
        ("If-Match", "\"r99\""),
        ("If-None-Match", "*"),
        ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ];
    for (caller, target) in &ways {
        for (name, value) in stale {
            for method in [Method::DELETE, Method::PATCH] {
                let body = if method == Method::PATCH { "{}" } else { "" };
                let request = caller.request(method.clone(), target).header(name, value);
                let request = request.header("Content-Type", "application/merge-patch+json");
                let answer = Answer::to(request.body(body)).await.expect(412).json();
                assert!(answer["current_revision"].is_u64(), "{method} {target} {name}: {answer}");
            }
        }
        let shown = caller.get(target).await.expect(200);
        let etag = shown.header("ETag").to_owned();
        caller.get_with(target, "If-None-Match", &etag).await.expect(304);
        caller.get_with(target, "If-Match", "\"r99\"").await.expect(412);
    }
    let etag = ada.get("/v1/account").await.expect(200).header("ETag").to_owned();
    let guarded = ada.request(Method::DELETE, "/v1/account").header("If-Match", etag);
    Answer::to(guarded).await.expect(204);
}

#[tokio::test]
async fn what_has_no_version_is_not_changed_for_one() {
    let ground = Ground::new();
    let (ada, _, _) = people(&ground, "ada").await;
    let sessions = ada.get("/v1/account/sessions").await.expect(200).json();
    let session = sessions["items"][0]["id"].as_str().expect("an id").to_owned();
    for (method, route, _) in ROUTES {
        if method == Method::GET || [("/v1/account"), ("/v1/accounts/{id}")].contains(&route) {
            continue;
        }
        let target = route.replace("{id}", &session);
        let request = ada.request(method.clone(), &target).header("If-Match", "*");
        let answer = Answer::to(request.json(&json!({}))).await.expect(412);
        assert_eq!(errors(&answer, "header"), ["If-Match"], "{method} {route}");
    }
    ada.get("/v1/account").await.expect(200);
}

#[tokio::test]
async fn a_log_out_ends_the_session_whatever_else_the_request_says() {
    let ground = Ground::new();
    let address = ground.address("ada");
    ground.member(&address).await;
    for route in LOG_OUTS {
        for query in ["?dry_run=true&_=1700000000", "?%zz"] {
            let ada = ground.logged_in(&address, PASSWORD).await;
            let request = ada.request(Method::POST, &format!("{route}{query}"));
            let request = request.header("If-Match", "\"r99\"").json(&json!({}));
            Answer::to(request).await.expect(204);
            ada.get("/v1/account").await.expect(401);
        }
    }
}

#[tokio::test]
async fn a_body_that_nobody_would_read_is_refused_and_nothing_is_done() {
    let ground = Ground::new();
    let (ada, admin, id) = people(&ground, "ada").await;
    let routes = ROUTES.into_iter().chain(LOG_OUTS.map(|route| (Method::POST, route, false)));
    for (method, route, _) in routes.filter(|(method, _, takes)| !takes && *method != Method::GET) {
        let caller = if route.starts_with("/v1/accounts/") { &admin } else { &ada };
        let target = route.replace("{id}", &id);
        for body in [r#"{"expected_version":1}"#.to_owned(), "x".repeat(2_000)] {
            let request = caller.request(method.clone(), &target).body(body);
            let answer = Answer::to(request).await.expect(400);
            assert_eq!(errors(&answer, "pointer"), [""], "{method} {route}");
        }
    }
    ada.get("/v1/account").await.expect(200);
    let nothing = admin.request(Method::DELETE, &format!("/v1/accounts/{NOTHING}")).body("");
    Answer::to(nothing).await.expect(204);
}

#[tokio::test]
async fn what_is_no_address_is_said_to_be_none_where_a_mail_is_asked_for() {
    let ground = Ground::new();
    for target in ["/v1/account/password-reset-mail", "/v1/account/verification-mail"] {
        let anyone = ground.server.anyone();
        for text in ["garbage", "", "a@b@c", "x\u{202e}@films.example"] {
            let answer = anyone.post(target, json!({ "email": text })).await.expect(422);
            assert_eq!(errors(&answer, "pointer"), ["/email"], "{target} {text}");
        }
    }
}

#[tokio::test]
async fn a_name_does_not_change_how_others_are_shown() {
    let ground = Ground::new();
    let (ada, _, _) = people(&ground, "ada").await;
    let name = "x\u{202e}";
    let key = json!({ "name": name, "scopes": ["ratings"] });
    let registered = json!({ "email": "b@films.example", "password": PASSWORD, "name": name });
    for answer in [
        ada.patch("/v1/account", "*", json!({ "name": name })).await,
        ada.post("/v1/account/api-keys", key).await,
        ground.server.anyone().post("/v1/accounts", registered).await,
    ] {
        assert_eq!(errors(&answer.expect(422), "pointer"), ["/name"]);
    }
}

#[tokio::test]
async fn a_time_that_cannot_be_taken_is_told_what_it_must_be() {
    let ground = Ground::new();
    let (ada, admin, _) = people(&ground, "ada").await;
    let must = "must be a time such as ";
    for time in ["9999-12-31T23:59:59Z", "2027-01-01", "x", "+999999-01-01T00:00:00Z"] {
        let key = json!({ "name": "", "scopes": ["ratings"], "expires_at": time });
        let answer = ada.post("/v1/account/api-keys", key).await.expect(422);
        assert_eq!(errors(&answer, "pointer"), ["/name", "/expires_at"]);
        assert!(errors(&answer, "detail")[1].starts_with(must), "{}", answer.text);
        let time = time.replace('+', "%2B");
        let answer = admin.get(&format!("/v1/audit?until={time}")).await.expect(400);
        assert!(errors(&answer, "detail")[0].starts_with(must), "{}", answer.text);
    }
    let key = json!({ "name": "x", "scopes": ["ratings"], "expires_at": "9999-12-30T22:00:00Z" });
    ada.post("/v1/account/api-keys", key).await.expect(201);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_named() {
    let ground = Ground::new();
    let admin = ground.server.caller("admin");
    for target in ["/v1/audit?cursor=AAAA", "/v1/accounts?cursor=x"] {
        let answer = admin.get(target).await.expect(400);
        assert_eq!(answer.json()["type"], "/problems/invalid-cursor");
        assert_eq!(errors(&answer, "parameter"), ["cursor"], "{target}");
    }
}

/// Query, format and body of a request; status, `error` and pointer of its answer.
type Case<'a> = (&'a str, &'a str, &'a str, u16, &'a str, Option<&'a str>);

/// RFC 6749 section 5.2: clients of OAuth read `error` and nothing else.
#[tokio::test]
async fn whatever_is_wrong_with_a_request_for_a_token_has_an_error_of_oauth() {
    let ground = Ground::new();
    let form = "application/x-www-form-urlencoded";
    let large = format!("refresh_token={}", "x".repeat(2_000_000));
    let cases: [Case<'_>; 10] = [
        (
            "",
            form,
            "refresh_token=a&refresh_token=b",
            400,
            "invalid_request",
            Some("/refresh_token"),
        ),
        ("", form, "grant_type=%zz", 400, "invalid_request", None),
        ("", form, &large, 413, "invalid_request", None),
        ("", "application/json", "{", 400, "invalid_request", None),
        ("", "text/plain", "x", 415, "invalid_request", None),
        ("", form, "", 422, "invalid_request", Some("/grant_type")),
        ("", form, "grant_type=refresh_token", 400, "invalid_request", Some("/refresh_token")),
        (
            "",
            form,
            "grant_type=authorization_code&code=x",
            400,
            "invalid_request",
            Some("/code_verifier"),
        ),
        ("", form, "grant_type=password", 400, "unsupported_grant_type", Some("/grant_type")),
        ("?scope=x", form, "grant_type=refresh_token", 400, "invalid_request", None),
    ];
    for (query, format, body, status, error, pointer) in cases {
        let anyone = ground.server.anyone();
        let request = anyone.request(Method::POST, &format!("/v1/token{query}"));
        let request = request.header("Content-Type", format).body(body.to_owned());
        let answer = Answer::to(request).await.expect(status);
        let problem: Value = answer.json();
        assert_eq!(problem["error"], error, "{problem}");
        if let Some(pointer) = pointer {
            assert_eq!(errors(&answer, "pointer"), [pointer], "{problem}");
        }
    }
}
