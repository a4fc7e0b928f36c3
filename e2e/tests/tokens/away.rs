//! The identity store goes away while a server runs.

use std::time::Duration;

use proving_ground::{CuttingProxy, Database};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::ground::{Ground, log_in, refused};

const FILM: &str = "/v1/movies/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";
const SESSIONS: &str = "/v1/account/sessions";

/// Longer than it takes until that is said, or until all is well again.
const SOON: Duration = Duration::from_secs(60);

/// Waits until `/readyz` says in detail that revocations are unheard of, or does not.
async fn is_said(ground: &Ground, says: bool) {
    let said = async {
        loop {
            // Without accounts everything else goes on: it is ready all the while.
            let readiness = ground.anyone().get("/readyz").await.expect(200);
            if readiness.text.contains("unheard of for") == says {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    assert!(timeout(SOON, said).await.is_ok(), "said: {says}");
}

#[tokio::test]
async fn without_its_store_the_revoked_stay_out_reads_go_on_and_nobody_logs_in() {
    let database = Database::new().await;
    let proxy = CuttingProxy::to(database.url()).await;
    let ground = Ground::with(&[("CINELOG__IDENTITY__URL", &proxy.url_for(database.url()))]);
    ground.server.caller("editor").put(FILM, json!({"title": "Stalker"})).await.expect(201);
    let (ann, bob) = (ground.somebody("ann").await, ground.somebody("bob").await);
    let (ann, bob) = (ground.with_token(&ann.access), ground.with_token(&bob.access));
    ann.post("/v1/logout", Value::Null).await.expect(204);
    proxy.refuse(true);
    proxy.cut();
    refused(&ann.get(SESSIONS).await, "the token has been revoked");
    ground.anyone().get(FILM).await.expect(200);
    bob.put(&format!("{FILM}/ratings/me"), json!({"value": 8})).await.expect(201);
    bob.get(SESSIONS).await.expect(503);
    let body = json!({"email": "bob@films.example", "password": "correct horse battery staple 7"});
    let answer = ground.anyone().post("/v1/login", body).await.expect(503);
    assert_ne!(answer.header("Retry-After"), "");
    is_said(&ground, true).await;
    refused(&ann.get(SESSIONS).await, "the token has been revoked");
    proxy.refuse(false);
    is_said(&ground, false).await;
    log_in(&ground.anyone(), "bob").await;
    refused(&ann.get(SESSIONS).await, "the token has been revoked");
}
