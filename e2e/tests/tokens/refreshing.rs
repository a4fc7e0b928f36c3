//! Refresh tokens: good once, forgiving for a moment, deadly when stolen.

use std::collections::HashSet;

use e2e::Answer;
use futures::future::join_all;
use reqwest::Method;

use crate::ground::{Ground, Tokens, refresh, refused};

const SESSIONS: &str = "/v1/account/sessions";

#[track_caller]
fn gives_nothing(answer: &Answer, detail: &str) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["error"], "invalid_grant");
    assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
}

#[tokio::test]
async fn a_log_in_gives_what_oauth_gives_and_no_cache_keeps_it() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let answer = refresh(&ground.anyone(), &ann.refresh).await.expect(200);
    assert_eq!(answer.header("Cache-Control"), "no-store");
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &600.into()));
    assert_eq!(body["scope"], "ratings account");
    assert_eq!(body["account"], ann.account.as_str());
    assert_ne!(body["refresh_token"], ann.refresh.as_str());
    let next = Tokens::of(&body);
    ground.with_token(&next.access).get(SESSIONS).await.expect(200);
    ground.with_token(&ann.access).get(SESSIONS).await.expect(200);
}

#[tokio::test]
async fn clients_of_oauth_send_a_form() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let form = format!("grant_type=refresh_token&refresh_token={}&client_id=app", ann.refresh);
    let anyone = ground.anyone();
    let request = anyone.request(Method::POST, "/v1/token");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let answer = Answer::to(request).await.expect(200);
    assert!(answer.json()["access_token"].is_string());
    let form = "grant_type=password&refresh_token=x";
    let request = anyone.request(Method::POST, "/v1/token");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let answer = Answer::to(request).await.expect(400);
    assert_eq!(answer.json()["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn a_lost_answer_is_no_theft() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let lost = Tokens::of(&refresh(&ground.anyone(), &ann.refresh).await.expect(200).json());
    let again = Tokens::of(&refresh(&ground.anyone(), &ann.refresh).await.expect(200).json());
    assert_eq!(lost.refresh, again.refresh);
    refresh(&ground.anyone(), &again.refresh).await.expect(200);
}

#[tokio::test]
async fn fifty_refreshes_at_once_leave_one_session_and_one_chain() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let anyone = ground.anyone();
    let answers = join_all((0..50).map(|_| refresh(&anyone, &ann.refresh))).await;
    let given: HashSet<String> =
        answers.into_iter().map(|answer| Tokens::of(&answer.expect(200).json()).refresh).collect();
    assert_eq!(given.len(), 1);
    let next = given.into_iter().next().unwrap();
    let last = Tokens::of(&refresh(&anyone, &next).await.expect(200).json());
    let sessions = ground.with_token(&last.access).get(SESSIONS).await.expect(200).json();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stolen_token_ends_the_session_of_thief_and_victim() {
    let ground = Ground::new();
    let stolen = ground.somebody("ann").await;
    let anyone = ground.anyone();
    let second = Tokens::of(&refresh(&anyone, &stolen.refresh).await.expect(200).json());
    let third = Tokens::of(&refresh(&anyone, &second.refresh).await.expect(200).json());
    gives_nothing(&refresh(&anyone, &stolen.refresh).await, "used before");
    gives_nothing(&refresh(&anyone, &third.refresh).await, "no session that lives");
    for tokens in [stolen, second, third] {
        let answer = ground.with_token(&tokens.access).get(SESSIONS).await;
        refused(&answer, "the token has been revoked");
    }
    let admin = ground.server.caller("admin");
    let trail = admin.get("/v1/audit?kind=refresh_reused").await.expect(200).json();
    assert_eq!(trail["items"].as_array().unwrap().len(), 1, "{trail}");
}

#[tokio::test]
async fn after_the_grace_the_token_just_used_is_stolen_too() {
    let ground = Ground::with(&[("CINELOG__IDENTITY__REFRESH_GRACE", "0s")]);
    let ann = ground.somebody("ann").await;
    let next = Tokens::of(&refresh(&ground.anyone(), &ann.refresh).await.expect(200).json());
    gives_nothing(&refresh(&ground.anyone(), &ann.refresh).await, "used before");
    gives_nothing(&refresh(&ground.anyone(), &next.refresh).await, "no session that lives");
}

#[tokio::test]
async fn what_is_no_refresh_token_gives_nothing_and_harms_nobody() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let anyone = ground.anyone();
    let mut mistyped = ann.refresh.clone();
    let last = if mistyped.ends_with('0') { "1" } else { "0" };
    mistyped.replace_range(mistyped.len() - 1.., last);
    let cut = &ann.refresh[..ann.refresh.len() - 4];
    for text in ["", "x", mistyped.as_str(), cut, ann.access.as_str(), &"x".repeat(100_000)] {
        gives_nothing(&refresh(&anyone, text).await, "not a refresh token");
    }
    refresh(&anyone, &ann.refresh).await.expect(200);
}
