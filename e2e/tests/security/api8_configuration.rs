//! API8: security misconfiguration. Somebody tries what is left open by default.

use e2e::{Answer, run};
use reqwest::Method;
use serde_json::json;

use crate::people::{Place, log_in};

/// What no answer may hold, since it tells how the server is made or where it runs.
const TELLING: [&str; 14] = [
    "panicked",
    "RUST_BACKTRACE",
    "stack backtrace",
    ".rs:",
    "sqlx",
    "SQLITE",
    "sqlite",
    "SELECT ",
    "INSERT ",
    "/root/",
    "/home/",
    "/tmp/",
    "tokio",
    "argon2",
];

#[tokio::test]
async fn a_first_start_has_no_account_and_no_password_and_says_how_to_make_an_admin() {
    let place = Place::with(&[]);
    let anyone = place.anyone();
    let data = place.server.data().to_string_lossy().into_owned();
    for name in ["admin", "admin@localhost", "root@localhost", "admin@example.org"] {
        for password in ["admin", "password", "cinelog", "changeme", ""] {
            let answer = log_in(&anyone, name, password).await;
            assert!([400, 401, 422, 429].contains(&answer.status), "{name}: {}", answer.status);
        }
    }
    let accounts = place.server.caller("admin").get("/v1/accounts").await.expect(200).json();
    assert_eq!(accounts["items"], json!([]));
    let listed = run(["account", "list", "--data", &data]).expect_success();
    assert!(!listed.stdout.contains('@'), "{}", listed.stdout);
    let banner = &place.server.banner;
    assert!(banner.contains("cinelog account create"), "{banner}");
}

#[tokio::test]
async fn every_answer_has_what_browsers_and_caches_must_know() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let anyone = place.anyone();
    let answers = [
        anyone.get("/v1/movies").await,
        anyone.get("/v1/nowhere").await,
        anyone.get("/v1/account").await,
        ann.client.get("/v1/account").await,
        anyone.post("/v1/login", json!({"email": 1})).await,
        anyone.delete("/v1/movies").await,
        place.server.caller("admin").get("/v1/audit").await,
    ];
    for answer in &answers {
        assert_eq!(answer.header("X-Content-Type-Options"), "nosniff", "{answer:?}");
        assert!(!answer.header("Cache-Control").is_empty(), "{answer:?}");
        for told in ["Server", "X-Powered-By", "Access-Control-Allow-Origin"] {
            assert_eq!(answer.header(told), "", "{answer:?}");
        }
    }
    for own in [&answers[3], &answers[6]] {
        let caching = own.header("Cache-Control");
        assert!(caching.contains("no-store") || caching.contains("private"), "{caching}");
    }
}

#[tokio::test]
async fn verbs_that_nobody_needs_are_refused() {
    let place = Place::open();
    let admin = place.server.caller("admin");
    for verb in ["TRACE", "TRACK", "DEBUG", "PROPFIND", "SEARCH", "PURGE", "LINK", "get"] {
        for path in ["/v1/movies", "/v1/account", "/v1/login"] {
            let method = Method::from_bytes(verb.as_bytes()).unwrap();
            let request = admin.request(method, path).header("X-Secret", "told-back");
            let answer = Answer::to(request).await;
            assert!([400, 405, 501].contains(&answer.status), "{verb} {path}: {}", answer.status);
            assert!(!answer.text.contains("told-back"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn no_failure_tells_how_the_server_is_made() {
    let place = Place::open();
    let anyone = place.anyone();
    let editor = place.server.caller("editor");
    let mut answers = Vec::new();
    for path in [
        "/v1/movies/not-an-id",
        "/v1/movies/%00",
        "/v1/movies?year=x",
        "/v1/movies?cursor=x",
        "/v1/movies?q=%27%22%3B--",
        "/v1/audit?kind=%27",
        "/v1/accounts/%27%20OR%201%3D1",
        "/v1/login/%2e%2e",
        "/v1/login/x/callback?code=x&state=y",
        "/%ff",
        "/v1/jobs/x",
    ] {
        answers.push(anyone.get(path).await);
        answers.push(place.server.caller("admin").get(path).await);
    }
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\u{0}",
        "{\"email\":{}}",
        "{\"email\":\"' OR 1=1 --\",\"password\":\"x\"}",
    ] {
        for path in ["/v1/login", "/v1/accounts", "/v1/token", "/v1/account/verification"] {
            let request = anyone.request(Method::POST, path);
            let request = request.header("Content-Type", "application/json");
            answers.push(Answer::to(request.body(body)).await);
        }
        let request = editor.request(Method::POST, "/v1/movies");
        let request = request.header("Content-Type", "application/json");
        answers.push(Answer::to(request.body(body)).await);
    }
    for answer in answers {
        assert!(answer.status < 500, "{answer:?}");
        for told in TELLING {
            assert!(!answer.text.contains(told), "{told}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn metrics_and_health_say_nothing_to_the_public_that_strangers_should_not_know() {
    let place = Place::open();
    let anyone = place.anyone();
    anyone.get("/metrics").await.expect(404);
    for path in
        ["/debug", "/debug/pprof", "/admin", "/actuator", "/.env", "/.git/config", "/server-status"]
    {
        anyone.get(path).await.expect(404);
    }
    let ann = place.person("ann").await;
    let metrics = anyone.at(&place.server.admin_url).get("/metrics").await.expect(200).text;
    for told in [ann.email.as_str(), ann.id.as_str()] {
        assert!(!metrics.contains(told));
    }
}
