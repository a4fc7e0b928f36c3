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

#[tokio::test]
async fn a_refusal_names_the_scope_as_well() {
    let server = start().await;
    let bearer = format!("Bearer {}", token(Role::Viewer));
    let answer = server.send("POST", "/v1/mine", &[("Authorization", &bearer)]).await;
    assert_eq!(answer.problem().extensions["required_scope"], "catalogue:write");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"catalogue:write\""), "{challenge}");
}

#[tokio::test]
async fn a_route_that_nobody_has_made_a_row_for_is_refused_to_everybody() {
    let server = start().await;
    let bearer = format!("Bearer {}", token(Role::Admin));
    for headers in [&[][..], &[("Authorization", bearer.as_str())][..]] {
        for method in ["GET", "HEAD"] {
            let answer = server.send(method, "/v1/forgotten", headers).await;
            assert_eq!(answer.status, 500, "{method}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
        }
    }
}

#[tokio::test]
async fn who_is_not_known_hears_that_first_and_where_nothing_is_hears_that() {
    let server = start().await;
    let refused = server.send("POST", "/v1/mine", &[("Accept", "image/png")]).await;
    assert_eq!(refused.status, 401);
    assert_eq!(server.send("GET", "/v1/mine", &[]).await.status, 405);
    assert_eq!(server.send("POST", "/v1/mine/else", &[]).await.status, 404);
    assert_eq!(server.send("OPTIONS", "/v1/mine", &[]).await.status, 204);
}

#[tokio::test]
async fn where_anyone_may_come_a_bad_credential_does_no_harm() {
    let server = start().await;
    for credential in ["Bearer forged", "Basic eDp5"] {
        let answer = server.send("GET", "/v1/films/1", &[("Authorization", credential)]).await;
        assert_eq!(answer.status, 200, "{credential}");
    }
}
