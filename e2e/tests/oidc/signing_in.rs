//! What somebody gets who signs in with a provider.

use serde_json::Value;

use crate::{
    browser::Browser,
    ground::{Ground, reason},
};
use proving_ground::OidcProvider;

#[tokio::test]
async fn somebody_signs_in_and_comes_back_as_the_same_person() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let answer = ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200);
    assert_eq!(answer.header("Cache-Control"), "no-store");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    let token = tokens["access_token"].as_str().expect("a token");
    let account = ground.account(token).await;
    assert_eq!(
        (&account["email"], &account["role"]),
        (&"ada@films.example".into(), &"member".into())
    );
    // From another browser.
    let again = ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200).json();
    assert_eq!(again["account"], tokens["account"]);
    // Another person is another account.
    let ben = ground.sign_in(&mut Browser::new(), "local", "ben").await.expect(200).json();
    assert_ne!(ben["account"], tokens["account"]);
    // It is a session like any other.
    let refresh = serde_json::json!({
        "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"],
    });
    ground.server.anyone().post("/v1/token", refresh).await.expect(200);
}

#[tokio::test]
async fn a_provider_that_tells_the_address_only_when_asked_is_asked() {
    let issuer = format!("{}/thin", OidcProvider::running().issuer());
    let ground = Ground::new(&issuer);
    let tokens = ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200).json();
    let account = ground.account(tokens["access_token"].as_str().expect("a token")).await;
    assert_eq!(account["email"], "ada@films.example");
}

#[tokio::test]
async fn every_way_in_which_a_provider_may_sign_and_be_shown_the_secret_works() {
    for (client, place) in
        [("cinelog-post", "body"), ("cinelog-ec", "header"), ("cinelog-ed", "header")]
    {
        let settings =
            [("providers.local.client_id", client), ("providers.local.client_secret_in", place)];
        let ground = Ground::with(&OidcProvider::running().issuer(), &settings);
        ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200);
    }
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_verified_is_nobodys() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let ada = ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200).json();
    // Mallory says that Ada's address is hers; Niko's provider does not say.
    for user in ["mallory", "niko"] {
        let tokens = ground.sign_in(&mut Browser::new(), "local", user).await.expect(200).json();
        assert_ne!(tokens["account"], ada["account"], "{user}");
        let account = ground.account(tokens["access_token"].as_str().expect("a token")).await;
        assert_eq!(account.get("email").unwrap_or(&Value::Null), &Value::Null, "{user}");
    }
}

#[tokio::test]
async fn a_callback_works_once() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    let url = ground.begin(&mut browser, "local").await;
    let callback = ground.here(&browser.sign_in(&url, "ada").await);
    browser.get(&callback).await.expect(200);
    assert_eq!(reason(&browser.get(&callback).await), "unknown_login");
}

#[tokio::test]
async fn an_answer_that_another_browser_has_begun_signs_nobody_in() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    // Mallory signs in, and gives Ada the address that she should have gone to herself.
    let mut mallory = Browser::new();
    let url = ground.begin(&mut mallory, "local").await;
    let callback = ground.here(&mallory.sign_in(&url, "mallory").await);
    assert_eq!(reason(&Browser::new().get(&callback).await), "unknown_login");
    // Also where Ada has begun to sign in herself.
    let mut mallory = Browser::new();
    let url = ground.begin(&mut mallory, "local").await;
    let callback = ground.here(&mallory.sign_in(&url, "mallory").await);
    let mut ada = Browser::new();
    ground.begin(&mut ada, "local").await;
    assert_eq!(reason(&ada.get(&callback).await), "unknown_login");
}

#[tokio::test]
async fn states_that_are_forged_missing_or_double_are_unknown() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    let url = ground.begin(&mut browser, "local").await;
    let callback = ground.here(&browser.sign_in(&url, "ada").await);
    let (before, after) = callback.split_once("state=").expect("it has a state");
    let state = after.split('&').next().expect("it has a value");
    let other = "A".repeat(state.len());
    for forged in [
        callback.replace(state, &other),
        callback.replace(state, ""),
        callback.replace(&format!("state={state}"), "x=y"),
        format!("{before}state={after}&state={other}"),
        callback.replace("code=", "code=x&code="),
    ] {
        assert_eq!(reason(&browser.get(&forged).await), "unknown_login", "{forged}");
    }
    // None of that has used up the real one.
    browser.get(&callback).await.expect(200);
}

#[tokio::test]
async fn who_does_not_want_to_is_not_signed_in() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    let url = ground.begin(&mut browser, "local").await;
    let callback = ground.here(&browser.decline(&url).await);
    assert!(callback.contains("error=access_denied"), "{callback}");
    assert_eq!(reason(&browser.get(&callback).await), "refused_by_provider");
    assert_eq!(reason(&browser.get(&callback).await), "unknown_login");
}

#[tokio::test]
async fn who_has_no_password_is_told_so_and_how_to_get_one() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let tokens = ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200).json();
    let ada = ground.server.anyone().with_token(tokens["access_token"].as_str().expect("a token"));
    let body = serde_json::json!({
        "current_password": "a bicycle for Rashomon", "new_password": "another bicycle for Rashomon",
    });
    let errors = ada.put("/v1/account/password", body).await.expect(422).json()["errors"].clone();
    assert_eq!(errors[0]["pointer"], "/current_password", "{errors}");
    let detail = errors[0]["detail"].as_str().expect("a text");
    assert!(detail.contains("no password"), "{detail}");
    assert!(detail.contains("POST /v1/account/password-reset-mail"), "{detail}");
}
