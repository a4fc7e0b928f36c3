//! Failures, whoever makes them.

use serde_json::json;

use crate::server::start;

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing_of_it() {
    let server = start().await;
    let answer = server.send("GET", "/v1/panic", &[]).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.problem().problem_type, "/problems/internal");
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
}

#[tokio::test]
async fn the_cause_of_an_internal_problem_is_not_shown() {
    let server = start().await;
    let answer = server.send("GET", "/v1/fails", &[("X-Request-Id", "abc")]).await;
    let expected = json!({
        "type": "/problems/internal",
        "title": "Something went wrong here",
        "status": 500,
        "instance": "/v1/fails",
        "request_id": "abc",
        "errors": [{"pointer": "/a", "detail": "must be b"}],
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn rejections_that_axum_makes_are_problems_too() {
    let server = start().await;
    let answer = server.send("GET", "/v1/plain/x", &[]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.problem().problem_type, "/problems/malformed-request");
}

#[tokio::test]
async fn a_status_without_a_type_of_its_own_is_a_bad_request() {
    let server = start().await;
    assert_eq!(server.send("GET", "/v1/teapot", &[]).await.problem().status, 400);
}

#[tokio::test]
async fn extension_members_are_sent() {
    let server = start().await;
    let answer = server.send("PUT", "/v1/films/1", &[("If-Match", "\"r4\"")]).await;
    assert_eq!(answer.status, 412);
    assert_eq!(answer.problem().extensions["current_revision"], 5);
}

#[tokio::test]
async fn every_type_of_problem_resolves_to_a_page() {
    let server = start().await;
    let problem = server.send("GET", "/v1/nothing", &[]).await.problem();
    let page = server.send("GET", &problem.problem_type, &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
}

#[tokio::test]
async fn every_answer_forbids_guessing_its_type_and_speaks_to_caches() {
    let server = start().await;
    for path in ["/v1/context", "/v1/nothing", "/problems", "/v1/films/1", "/readyz"] {
        let answer = server.send("GET", path, &[]).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("cache-control").is_some(), "{path}");
    }
}
