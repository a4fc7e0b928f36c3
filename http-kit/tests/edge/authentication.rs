//! Tokens, and what comes before what.

use identity::Role;

use crate::server::{start, token};

#[tokio::test]
async fn who_may_is_let_in() {
    let server = start().await;
    let bearer = format!("Bearer {}", token(Role::Editor));
    let answer = server.send("POST", "/v1/mine", &[("Authorization", &bearer)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, b"00000000-0000-0000-0000-000000000007");
}

#[tokio::test]
async fn without_a_token_it_is_401_with_a_challenge() {
    let server = start().await;
    let answer = server.send("POST", "/v1/mine", &[]).await;
    assert_eq!(answer.problem().problem_type, "/problems/unauthorized");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"cinelog\""));
}

#[tokio::test]
async fn a_role_that_does_not_reach_is_403_and_told_which_would() {
    let server = start().await;
    let bearer = format!("Bearer {}", token(Role::Member));
    let answer = server.send("POST", "/v1/mine", &[("Authorization", &bearer)]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.problem().extensions["required_role"], "editor");
}
