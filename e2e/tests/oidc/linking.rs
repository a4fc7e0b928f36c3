//! Accounts that are there already, and whether a provider leads to them.

use e2e::Answer;
use proving_ground::OidcProvider;
use serde_json::{Value, json};

use crate::{browser::Browser, ground::Ground};

const PASSWORD: &str = "a blue whale reads 37 maps";

async fn register(ground: &Ground, email: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD});
    ground.server.anyone().post("/v1/accounts", body).await
}

#[tokio::test]
async fn whoever_registered_with_somebody_elses_address_does_not_get_their_sign_in() {
    let issuer = OidcProvider::running().issuer();
    let ground = Ground::with(&issuer, &[("verification", "off")]);
    // Mallory was here first, with Ada's address, and waits for her to come (pre-hijacking).
    register(&ground, "Ada@films.example").await.expect(201);
    let answer = ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(409);
    assert!(!answer.text.contains("access_token"), "{answer:?}");
    // Others are not concerned.
    ground.sign_in(&mut Browser::new(), "local", "ben").await.expect(200);
}

#[tokio::test]
async fn a_registration_that_waits_for_its_verification_holds_nobody_up() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    register(&ground, "ada@films.example").await.expect(202);
    let tokens = ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200).json();
    let account = ground.account(tokens["access_token"].as_str().expect("a token")).await;
    assert_eq!(account["email"], "ada@films.example");
    // The password that was registered opens nothing.
    let body = json!({"email": "ada@films.example", "password": PASSWORD});
    let answer = ground.server.anyone().post("/v1/login", body).await;
    assert_ne!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_account_that_is_disabled_is_not_signed_in_and_one_that_is_erased_is_made_anew() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let sign_in = async || ground.sign_in(&mut Browser::new(), "local", "ben").await;
    let first: Value = sign_in().await.expect(200).json();
    let path = format!("/v1/accounts/{}", first["account"].as_str().expect("an id"));
    let admin = ground.server.caller("admin");
    let disable = |disabled: bool| {
        let request = admin.request(reqwest::Method::PATCH, &path);
        let request = request.header("Content-Type", "application/merge-patch+json");
        Answer::to(request.body(json!({"disabled": disabled}).to_string()))
    };
    disable(true).await.expect(200);
    assert_eq!(crate::ground::reason(&sign_in().await), "disabled");
    disable(false).await.expect(200);
    let again = sign_in().await.expect(200).json();
    assert_eq!(again["account"], first["account"]);
    admin.delete(&path).await.expect(204);
    let new = sign_in().await.expect(200).json();
    assert_ne!(new["account"], first["account"], "nothing of the old one is left");
}
