//! Answers that a provider should not have given, and Cinelog does not believe.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use proving_ground::OidcProvider;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    ground::{Ground, liar_and_ground, provider, reason},
    liar::{Change, Liar, Pen, assemble, claims, head},
};

/// Changes the claims of the ID token.
fn rewrite(answer: &mut Value, pen: &Pen, change: impl FnOnce(&mut Value)) {
    let token = pen.rewrite(answer["id_token"].as_str().expect("a token"), change);
    answer["id_token"] = token.into();
}

#[tokio::test]
async fn an_id_token_with_a_wrong_claim_is_not_believed_and_one_with_none_is() {
    let (liar, ground) = liar_and_ground().await;
    let believed = |answer: &mut Value, pen: &Pen| rewrite(answer, pen, |_| ());
    liar.lies(believed);
    ground.sign_in(&mut Browser::new(), "local", "ada").await.expect(200);
    let lies: [(&str, Change); 12] = [
        ("another nonce", |claims| claims["nonce"] = "x".into()),
        ("no nonce", |claims| claims["nonce"] = Value::Null),
        ("another audience", |claims| claims["aud"] = "another".into()),
        ("a further audience", |claims| claims["aud"] = json!(["cinelog", "another"])),
        ("no audience", |claims| claims["aud"] = Value::Null),
        ("another party", |claims| claims["azp"] = "another".into()),
        ("another issuer", |claims| claims["iss"] = "https://accounts.google.com".into()),
        ("an issuer that looks the same", |claims| {
            claims["iss"] = format!("{}/", claims["iss"].as_str().unwrap_or_default()).into();
        }),
        ("its time over", |claims| claims["exp"] = 1_600_000_000.into()),
        ("from the future", |claims| claims["iat"] = 4_000_000_000_u64.into()),
        ("nobody", |claims| claims["sub"] = "".into()),
        ("another access token", |claims| claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA".into()),
    ];
    for (what, lie) in lies {
        liar.lies(move |answer, pen| rewrite(answer, pen, lie));
        let answer = ground.sign_in(&mut Browser::new(), "local", "ada").await;
        assert_eq!(reason(&answer), "not_believed", "{what}");
    }
    liar.lies(|answer, _| drop(answer.as_object_mut().map(|answer| answer.remove("id_token"))));
    let answer = ground.sign_in(&mut Browser::new(), "local", "ada").await;
    assert_eq!(reason(&answer), "not_believed", "no ID token");
}

#[tokio::test]
async fn an_id_token_that_the_provider_has_not_signed_is_not_believed() {
    let (liar, ground) = liar_and_ground().await;
    let secret = OidcProvider::running().client_secret().to_owned();
    type Forge = Box<dyn Fn(&str, &Pen) -> String + Send + Sync>;
    let with_alg = |alg: &'static str, signature: &'static str| -> Forge {
        Box::new(move |token, _| {
            let mut head = head(token);
            head["alg"] = alg.into();
            assemble(&head, &claims(token), signature)
        })
    };
    let forgeries: [(&str, Forge); 6] = [
        ("another key", Box::new(|token, pen| pen.rewrite(token, |_| ()))),
        (
            "another key under the same id",
            Box::new(|token, pen| {
                let forged = pen.rewrite(token, |_| ());
                let mut other = head(&forged);
                other["kid"] = head(token)["kid"].clone();
                let signature = forged.rsplit('.').next().expect("a signature").to_owned();
                assemble(&other, &claims(token), &signature)
            }),
        ),
        ("alg none", with_alg("none", "")),
        ("alg none with a signature", with_alg("None", "AAAA")),
        (
            "the client's secret as key",
            Box::new(move |token, _| {
                let head = Header { kid: None, ..Header::new(Algorithm::HS256) };
                encode(&head, &claims(token), &EncodingKey::from_secret(secret.as_bytes()))
                    .expect("signed")
            }),
        ),
        (
            "other claims under the same signature",
            Box::new(|token, _| {
                let mut other = claims(token);
                other["sub"] = "ben".into();
                let signature = token.rsplit('.').next().expect("a signature").to_owned();
                assemble(&head(token), &other, &signature)
            }),
        ),
    ];
    for (what, forge) in forgeries {
        liar.lies_without_keys(move |answer, pen| {
            let forged = forge(answer["id_token"].as_str().expect("a token"), pen);
            answer["id_token"] = forged.into();
        });
        let answer = ground.sign_in(&mut Browser::new(), "local", "ada").await;
        assert_eq!(reason(&answer), "not_believed", "{what}");
    }
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_of_no_use() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let (mut ada, mut mallory) = (Browser::new(), Browser::new());
    let ada_url = ground.begin(&mut ada, "local").await;
    let ada_callback = ground.here(&ada.sign_in(&ada_url, "ada").await);
    let mallory_url = ground.begin(&mut mallory, "local").await;
    let mallory_callback = ground.here(&mallory.sign_in(&mallory_url, "mallory").await);
    let code = |url: &str| {
        let after = url.split("code=").nth(1).expect("it has a code");
        after.split('&').next().expect("it has a value").to_owned()
    };
    // Mallory has seen Ada's code, and puts it into her own answer: it needs Ada's verifier (PKCE).
    let injected = mallory_callback.replace(&code(&mallory_callback), &code(&ada_callback));
    assert_eq!(reason(&mallory.get(&injected).await), "not_believed");
}

#[tokio::test]
async fn a_provider_asks_for_pkce_and_gets_it() {
    let ground = Ground::new(&OidcProvider::running().issuer());
    let mut browser = Browser::new();
    let url = ground.begin(&mut browser, "local").await;
    for part in
        ["code_challenge_method=S256", "code_challenge=", "nonce=", "state=", "response_type=code"]
    {
        assert!(url.contains(part), "{part} in {url}");
    }
}

#[tokio::test]
async fn an_answer_of_another_provider_is_not_taken_for_this_ones() {
    let (liar, other) = (Liar::start().await, OidcProvider::running().issuer());
    let settings = provider("other", &other);
    let settings: Vec<(String, &str)> = settings
        .iter()
        .map(|(name, value)| {
            let key = name.trim_start_matches("CINELOG__IDENTITY__").replace("__", ".");
            (key, value.as_str())
        })
        .collect();
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let ground = Ground::with(&liar.issuer, &settings);
    let mut browser = Browser::new();
    let url = ground.begin(&mut browser, "local").await;
    let callback = ground.here(&browser.sign_in(&url, "ada").await);
    // The answer says whose it is (RFC 9207): neither another's name nor none will do.
    let iss = callback
        .split("iss=")
        .nth(1)
        .expect("it says")
        .split('&')
        .next()
        .expect("a value")
        .to_owned();
    let wrong = callback.replace(&iss, &other.replace(':', "%3A").replace('/', "%2F"));
    let asked = liar.asked("/token");
    assert_eq!(reason(&browser.get(&wrong).await), "not_believed");
    let url = ground.begin(&mut browser, "local").await;
    let callback = ground.here(&browser.sign_in(&url, "ada").await);
    let without = callback.replace(&format!("iss={iss}"), "x=y");
    assert_eq!(reason(&browser.get(&without).await), "not_believed");
    assert_eq!(liar.asked("/token"), asked, "no code was sent anywhere");
    // The same where somebody is said to have declined: that is this provider's to say.
    let url = ground.begin(&mut browser, "local").await;
    let declined = ground.here(&browser.decline(&url).await);
    let wrong = declined.replace(&iss, &other.replace(':', "%3A").replace('/', "%2F"));
    assert_ne!(wrong, declined, "it says whose it is");
    assert_eq!(reason(&browser.get(&wrong).await), "not_believed");
    let url = ground.begin(&mut browser, "local").await;
    let declined = ground.here(&browser.decline(&url).await);
    let without = declined.replace(&format!("iss={iss}"), "x=y");
    assert_eq!(reason(&browser.get(&without).await), "not_believed");
    // Nor is an answer taken at the other provider's address.
    let url = ground.begin(&mut browser, "local").await;
    let callback = ground.here(&browser.sign_in(&url, "ada").await);
    let elsewhere = callback.replace("/login/local/", "/login/other/");
    assert_eq!(reason(&browser.get(&elsewhere).await), "unknown_login");
}
