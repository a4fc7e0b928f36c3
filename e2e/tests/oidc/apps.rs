//! Apps that want to have their users back, with a code and never with tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proving_ground::OidcProvider;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    browser::Browser,
    ground::{APP, Ground},
};

/// What the app is told of who answers (RFC 9207).
const WHO: &str = "iss=https%3A%2F%2Ffilms.example";

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn target(app: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    format!("/v1/login/local?return_to={app}&code_challenge={challenge}&code_challenge_method=S256")
}

/// The code in the address that the app has its user back at: with who answers (RFC 9207), and nothing else.
fn code_in(location: &str) -> &str {
    let code = location.strip_prefix(&format!("{APP}?code=")).expect("a code first");
    code.strip_suffix(&format!("&{WHO}")).expect("who answers, last")
}

/// Where the app has its user back.
async fn back(ground: &Ground, browser: &mut Browser) -> String {
    let url = ground.begin_with(browser, &target(APP)).await;
    let callback = browser.sign_in(&url, "ada").await;
    let answer = browser.get(&ground.here(&callback)).await.expect(302);
    answer.header("Location").to_owned()
}

#[tokio::test]
async fn an_app_gets_tokens_for_a_code_that_is_good_once_and_for_it_alone() {
    let ground = Ground::for_apps(&OidcProvider::running().issuer());
    let location = back(&ground, &mut Browser::new()).await;
    let code = code_in(&location);
    let exchange = |code: &str, verifier: &str| {
        let body =
            json!({"grant_type": "authorization_code", "code": code, "code_verifier": verifier});
        let client = ground.server.anyone();
        async move { client.post("/v1/token", body).await }
    };
    let tokens = exchange(code, VERIFIER).await.expect(200).json();
    let account = ground.account(tokens["access_token"].as_str().expect("a token")).await;
    let trail =
        format!("/v1/audit?kind=sign_in&account={}", account["id"].as_str().expect("an id"));
    let trail = ground.admin().get(&trail).await.expect(200).json();
    assert_eq!(trail["items"][0]["details"]["provider"], "local", "{trail}");
    assert_eq!(exchange(code, VERIFIER).await.expect(400).json()["error"], "invalid_grant");
    // Who has seen a code but not the verifier gets nothing, and neither does anybody after them.
    let location = back(&ground, &mut Browser::new()).await;
    let code = code_in(&location);
    for verifier in [&"x".repeat(43), VERIFIER] {
        assert_eq!(exchange(code, verifier).await.expect(400).json()["error"], "invalid_grant");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_configured() {
    let ground = Ground::for_apps(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    for app in [
        "https://evil.example/",
        "https://app.example/back/../evil",
        "https://app.example/back?x",
        "https://app.example/backs",
        "https://app.example@evil.example/back",
        "//evil.example",
        "/v1/account",
        "javascript:alert(1)",
    ] {
        let answer =
            browser.get(&format!("{}{}", ground.server.url, target(app))).await.expect(400);
        assert_eq!(answer.header("Location"), "", "{app}");
    }
    // Nor without a challenge, where whoever sees the code could use it.
    let bare = format!("{}/v1/login/local?return_to={APP}", ground.server.url);
    browser.get(&bare).await.expect(400);
}

#[tokio::test]
async fn an_app_is_told_that_its_user_did_not_want_to() {
    let ground = Ground::for_apps(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    let url = ground.begin_with(&mut browser, &target(APP)).await;
    let callback = ground.here(&browser.decline(&url).await);
    let answer = browser.get(&callback).await.expect(302);
    assert_eq!(answer.header("Location"), format!("{APP}?error=access_denied&{WHO}"));
    // Somebody else's browser is sent nowhere.
    let url = ground.begin_with(&mut browser, &target(APP)).await;
    let callback = ground.here(&browser.decline(&url).await);
    Browser::new().get(&callback).await.expect(400);
}

#[tokio::test]
async fn an_app_is_told_its_state_again_whatever_comes_of_it() {
    let ground = Ground::for_apps(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    let with_state = format!("{}&state=a%20b%26code%3Dx%23", target(APP));
    let begins = format!("{APP}?state=a%20b%26code%3Dx%23");
    let url = ground.begin_with(&mut browser, &with_state).await;
    let callback = browser.sign_in(&url, "ada").await;
    let answer = browser.get(&ground.here(&callback)).await.expect(302);
    let location = answer.header("Location");
    assert!(location.starts_with(&format!("{begins}&code=")), "{location}");
    assert!(location.ends_with(&format!("&{WHO}")), "{location}");
    let url = ground.begin_with(&mut browser, &with_state).await;
    let callback = ground.here(&browser.decline(&url).await);
    let answer = browser.get(&callback).await.expect(302);
    assert_eq!(answer.header("Location"), format!("{begins}&error=access_denied&{WHO}"));
    // It is bounded, and is nothing without an app.
    for wrong in
        [format!("{}&state={}", target(APP), "x".repeat(513)), "/v1/login/local?state=x".into()]
    {
        browser.get(&format!("{}{wrong}", ground.server.url)).await.expect(400);
    }
}

#[tokio::test]
async fn an_app_is_told_what_went_wrong_at_the_provider() {
    let ground = Ground::for_apps(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    for (said, told) in [
        ("server_error", "server_error"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("login_required", "access_denied"),
        ("https%3A%2F%2Fevil.example", "access_denied"),
    ] {
        let url = ground.begin_with(&mut browser, &target(APP)).await;
        let declined = ground.here(&browser.decline(&url).await);
        let callback = declined.replace("error=access_denied", &format!("error={said}"));
        assert_ne!(callback, declined, "the provider's error is in it");
        let answer = browser.get(&callback).await.expect(302);
        let expected = format!("{APP}?error={told}&{WHO}");
        assert_eq!(answer.header("Location"), expected, "{said}");
    }
}

#[tokio::test]
async fn a_code_that_is_shown_again_ends_the_session_that_it_began_and_no_other() {
    let ground = Ground::for_apps(&OidcProvider::running().issuer());
    let exchange = async |code: &str, verifier: &str| {
        let body =
            json!({"grant_type": "authorization_code", "code": code, "code_verifier": verifier});
        ground.server.anyone().post("/v1/token", body).await
    };
    let refresh = async |tokens: &serde_json::Value| {
        let body = json!({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]});
        ground.server.anyone().post("/v1/token", body).await
    };
    let other = back(&ground, &mut Browser::new()).await;
    let other = exchange(code_in(&other), VERIFIER).await.expect(200).json();
    let location = back(&ground, &mut Browser::new()).await;
    let tokens = exchange(code_in(&location), VERIFIER).await.expect(200).json();
    let token = tokens["access_token"].as_str().expect("a token");
    ground.account(token).await;
    let again = exchange(code_in(&location), VERIFIER).await.expect(400).json();
    assert_eq!(again["error"], "invalid_grant");
    ground.server.anyone().with_token(token).get("/v1/account").await.expect(401);
    assert_eq!(refresh(&tokens).await.expect(400).json()["error"], "invalid_grant");
    refresh(&other).await.expect(200);
    let trail = ground.admin().get("/v1/audit?kind=session_revoked").await;
    let trail = trail.expect(200).json();
    assert_eq!(trail["items"][0]["details"]["reason"], "code_reused", "{trail}");
    assert_eq!(trail["items"].as_array().map(Vec::len), Some(1), "{trail}");
}
