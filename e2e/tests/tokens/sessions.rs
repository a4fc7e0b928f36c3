//! Sessions: where somebody is logged in, and how that ends.

use serde_json::Value;

use crate::ground::{Ground, log_in, refresh, refused};

const SESSIONS: &str = "/v1/account/sessions";
const REVOKED: &str = "the token has been revoked";

#[tokio::test]
async fn log_out_ends_this_session_at_once_and_no_other() {
    let ground = Ground::new();
    let telephone = ground.somebody("ann").await;
    let laptop = log_in(&ground.anyone(), "ann").await;
    let client = ground.with_token(&telephone.access);
    assert_eq!(client.post("/v1/logout", Value::Null).await.expect(204).text, "");
    refused(&client.get(SESSIONS).await, REVOKED);
    refresh(&ground.anyone(), &telephone.refresh).await.expect(400);
    ground.with_token(&laptop.access).get(SESSIONS).await.expect(200);
    refresh(&ground.anyone(), &laptop.refresh).await.expect(200);
}

#[tokio::test]
async fn log_out_everywhere_ends_all_sessions_and_a_log_in_right_after_it_is_good() {
    let ground = Ground::new();
    let telephone = ground.somebody("ann").await;
    let laptop = log_in(&ground.anyone(), "ann").await;
    let bob = ground.somebody("bob").await;
    let client = ground.with_token(&telephone.access);
    client.post("/v1/logout/everywhere", Value::Null).await.expect(204);
    for tokens in [&telephone, &laptop] {
        refused(&ground.with_token(&tokens.access).get(SESSIONS).await, REVOKED);
        refresh(&ground.anyone(), &tokens.refresh).await.expect(400);
    }
    ground.with_token(&bob.access).get(SESSIONS).await.expect(200);
    let again = log_in(&ground.anyone(), "ann").await;
    ground.with_token(&again.access).get(SESSIONS).await.expect(200);
}

#[tokio::test]
async fn a_session_can_be_ended_from_another_by_its_owner_only() {
    let ground = Ground::new();
    let telephone = ground.somebody("ann").await;
    let laptop = log_in(&ground.anyone(), "ann").await;
    let bob = ground.somebody("bob").await;
    let client = ground.with_token(&laptop.access);
    let list = client.get(SESSIONS).await.expect(200);
    assert_eq!(list.header("Cache-Control"), "no-store");
    let list = list.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let lost = items.iter().find(|item| item["current"] == false).unwrap();
    assert_eq!(lost["address"], "127.0.0.1");
    let target = format!("{SESSIONS}/{}", lost["id"].as_str().unwrap());
    ground.with_token(&bob.access).delete(&target).await.expect(404);
    client.delete(&target).await.expect(204);
    client.delete(&target).await.expect(404);
    client.delete(&format!("{SESSIONS}/x")).await.expect(400);
    refused(&ground.with_token(&telephone.access).get(SESSIONS).await, REVOKED);
    client.get(SESSIONS).await.expect(200);
}

#[tokio::test]
async fn a_restart_forgets_nothing_that_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let environment = crate::ground::ENVIRONMENT.map(|(n, v)| (n, std::ffi::OsStr::new(v)));
    let server = e2e::Server::start_in(&environment, &data, &[]);
    crate::ground::register(&server.anyone(), "ann").await;
    let ann = log_in(&server.anyone(), "ann").await;
    let living = log_in(&server.anyone(), "ann").await;
    server.anyone().with_token(&ann.access).post("/v1/logout", Value::Null).await.expect(204);
    let _stopped = server.kill();
    let server = e2e::Server::start_in(&environment, &data, &[]);
    refused(&server.anyone().with_token(&ann.access).get(SESSIONS).await, REVOKED);
    server.anyone().with_token(&living.access).get(SESSIONS).await.expect(200);
}

#[tokio::test]
async fn a_token_of_the_command_line_belongs_to_no_session() {
    let ground = Ground::new();
    let viewer = ground.server.caller("viewer");
    viewer.post("/v1/logout", Value::Null).await.expect(409);
    assert_eq!(viewer.get(SESSIONS).await.expect(200).json()["items"], Value::Array(vec![]));
}
