//! Providers that are not there.

use serde_json::json;

use crate::{
    browser::Browser,
    ground::{Ground, liar_and_ground},
};

#[tokio::test]
async fn a_provider_that_is_dead_harms_nothing_but_signing_in_with_it() {
    // Nobody listens there; the server starts all the same.
    let ground = Ground::new("http://127.0.0.1:9");
    let anyone = ground.server.anyone();
    let answer = anyone.get("/v1/login/local").await.expect(503);
    assert!(!answer.header("Retry-After").is_empty(), "{answer:?}");
    anyone.get("/v1/movies").await.expect(200);
    let film = json!({"title": "Metropolis", "year": 1927});
    ground.server.caller("editor").post("/v1/movies", film).await.expect(201);
    assert!(ground.server.is_ready().await);
    anyone.get("/v1/login/nobody").await.expect(404);
}

#[tokio::test]
async fn a_provider_that_dies_half_way_is_unavailable_and_one_that_lives_again_works() {
    let (liar, ground) = liar_and_ground().await;
    let mut browser = Browser::new();
    let url = ground.begin(&mut browser, "local").await;
    let callback = ground.here(&browser.sign_in(&url, "ada").await);
    liar.is_silent(true);
    let answer = browser.get(&callback).await;
    assert!(answer.status == 503 || answer.status == 400, "{answer:?}");
    liar.is_silent(false);
    ground.sign_in(&mut browser, "local", "ada").await.expect(200);
}
