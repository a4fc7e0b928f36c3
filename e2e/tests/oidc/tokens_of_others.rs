//! Access tokens that an issuer signed, and Cinelog believes.

use e2e::Answer;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use proving_ground::OidcProvider;
use serde_json::{Value, json};

use crate::{
    ground::{Ground, token_of},
    liar::{Change, Liar, assemble, claims, head},
};

async fn create(ground: &Ground, token: &str) -> Answer {
    let film = json!({"title": "Metropolis", "year": 1927});
    ground.server.anyone().with_token(token).post("/v1/movies", film).await
}

/// Why a token is refused.
#[track_caller]
fn why(answer: &Answer) -> &str {
    assert_eq!(answer.status, 401, "{answer:?}");
    let header = answer.header("WWW-Authenticate");
    assert!(header.contains("error=\"invalid_token\""), "{header}");
    header
}

#[tokio::test]
async fn a_token_of_an_issuer_is_believed_with_the_role_that_its_names_stand_for() {
    let issuer = OidcProvider::running().issuer();
    let ground = Ground::that_believes(&issuer, &[]);
    let token = token_of(&issuer, "machine-editor", "").await;
    create(&ground, &token).await.expect(201);
    // The same subject is the same account, in every token.
    let again = token_of(&issuer, "machine-editor", "").await;
    assert_ne!(token, again);
    let rate = |token: String| {
        let client = ground.server.anyone().with_token(&token);
        async move { client.get("/v1/movies?sort=-title").await.expect(200) }
    };
    rate(again).await;
    // Who has no name that means something here is nobody.
    let nobody = token_of(&issuer, "machine-nobody", "").await;
    assert!(why(&create(&ground, &nobody).await).contains("role"));
    // What the role does not allow is another matter.
    let admin = ground.server.anyone().with_token(&token).get("/v1/audit").await;
    admin.expect(403);
}

#[tokio::test]
async fn a_token_for_somebody_else_is_not_for_cinelog() {
    let issuer = OidcProvider::running().issuer();
    let ground = Ground::that_believes(&issuer, &[]);
    let other = token_of(&issuer, "machine-editor", "&resource=https://other.example/api").await;
    assert!(why(&create(&ground, &other).await).contains("audience"));
    // And of an issuer that is not configured nothing is believed, however good.
    let stranger = Ground::that_believes("https://stranger.example", &[]);
    let token = token_of(&issuer, "machine-editor", "").await;
    why(&create(&stranger, &token).await);
}

#[tokio::test]
async fn forged_tokens_are_refused_however_they_are_signed() {
    let liar = Liar::start().await;
    let ground = Ground::that_believes(&liar.issuer, &[]);
    let token = token_of(&liar.issuer, "machine-editor", "").await;
    create(&ground, &token).await.expect(201);
    let with_alg = |alg: &str, signature: &str| {
        let mut head = head(&token);
        head["alg"] = alg.into();
        assemble(&head, &claims(&token), signature)
    };
    let http = reqwest::get(format!("{}/jwks", liar.issuer)).await.expect("keys");
    let public = http.text().await.expect("keys");
    let mut confused = Header {
        kid: head(&token)["kid"].as_str().map(str::to_owned),
        ..Header::new(Algorithm::HS256)
    };
    confused.typ = Some("at+jwt".to_owned());
    let confused = encode(&confused, &claims(&token), &EncodingKey::from_secret(public.as_bytes()));
    let mut other = claims(&token);
    other["sub"] = "boss".into();
    let signature = token.rsplit('.').next().expect("a signature");
    for (what, forged) in [
        ("none", with_alg("none", "")),
        ("none, signed", with_alg("none", signature)),
        ("another algorithm of the family", with_alg("RS512", signature)),
        ("the public key as a secret", confused.expect("signed")),
        ("another key", liar.pen().sign("at+jwt", &claims(&token))),
        ("other claims", assemble(&head(&token), &other, signature)),
        ("cut off", token.rsplit_once('.').expect("parts").0.to_owned()),
    ] {
        let answer = create(&ground, &forged).await;
        assert!(!why(&answer).contains("boss"), "{what}");
    }
    create(&ground, &token).await.expect(201);
}

#[tokio::test]
async fn claims_are_looked_at_one_by_one() {
    let liar = Liar::start().await;
    liar.shows_own_keys();
    let ground = Ground::that_believes(&liar.issuer, &[]);
    let good = claims(&token_of(&liar.issuer, "machine-editor", "").await);
    create(&ground, &liar.pen().sign("at+jwt", &good)).await.expect(201);
    let lies: [(&str, Change); 7] = [
        ("expired", |claims| claims["exp"] = 1_600_000_000.into()),
        ("expired", |claims| claims["exp"] = Value::Null),
        ("valid yet", |claims| claims["nbf"] = 4_000_000_000_u64.into()),
        ("audience", |claims| claims["aud"] = Value::Null),
        ("account", |claims| claims["sub"] = Value::Null),
        ("account", |claims| claims["sub"] = "x".repeat(300).into()),
        ("role", |claims| claims["realm_access"] = json!({"roles": "editor"})),
    ];
    for (why_not, lie) in lies {
        let mut claims = good.clone();
        lie(&mut claims);
        let answer = create(&ground, &liar.pen().sign("at+jwt", &claims)).await;
        assert!(why(&answer).contains(why_not), "{why_not}: {answer:?}");
    }
    // An ID token says who signed in somewhere; it is no key to anything.
    assert!(why(&create(&ground, &liar.pen().sign("JWT", &good)).await).contains("type"));
    let mut id_token = good.clone();
    id_token["nonce"] = "x".into();
    assert!(why(&create(&ground, &liar.pen().sign("at+jwt", &id_token)).await).contains("type"));
}

#[tokio::test]
async fn a_new_key_is_believed_at_once_and_unknown_ones_are_not_asked_for_again_and_again() {
    let liar = Liar::start().await;
    let ground = Ground::that_believes(&liar.issuer, &[]);
    let old = token_of(&liar.issuer, "machine-editor", "").await;
    create(&ground, &old).await.expect(201);
    assert_eq!(liar.asked("/jwks"), 1);
    // The issuer has another key from now on, and the old one no more.
    liar.shows_own_keys();
    create(&ground, &liar.pen().sign("at+jwt", &claims(&old))).await.expect(201);
    assert_eq!(liar.asked("/jwks"), 2);
    assert!(
        why(&create(&ground, &old).await).contains("key"),
        "a key that is withdrawn is not believed"
    );
    for number in 0..20 {
        let mut unknown = head(&old);
        unknown["kid"] = format!("unknown-{number}").into();
        let signature = old.rsplit('.').next().expect("a signature");
        why(&create(&ground, &assemble(&unknown, &claims(&old), signature)).await);
    }
    assert_eq!(liar.asked("/jwks"), 2, "once in half a minute is enough");
}

#[tokio::test]
async fn an_issuer_that_is_dead_harms_nobody_elses_tokens() {
    let liar = Liar::start().await;
    let token = token_of(&liar.issuer, "machine-editor", "").await;
    liar.is_silent(true);
    let ground = Ground::that_believes(&liar.issuer, &[]);
    create(&ground, &token).await.expect(503);
    let own = ground.server.caller("editor");
    own.post("/v1/movies", json!({"title": "M", "year": 1931})).await.expect(201);
    assert!(ground.server.is_ready().await);
}
