//! Forged tokens: each is refused with 401, and told why.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use serde_json::{Value, json};

use crate::ground::{Ground, refused};

/// Where the tokens are shown: whoever is let in is answered 200.
const TARGET: &str = "/v1/account/sessions";

const ID: &str = "0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";

/// A server, its key, and the parts of a token that it believes.
struct Forger {
    ground: Ground,
    key: EncodingKey,
    jwk: Value,
}

impl Forger {
    async fn new() -> Self {
        let ground = Ground::new();
        let pem = std::fs::read(ground.data().join("signing-key.pem")).unwrap();
        let key = EncodingKey::from_ed_pem(&pem).unwrap();
        let jwks = ground.anyone().get("/.well-known/jwks.json").await.expect(200).json();
        Self { ground, key, jwk: jwks["keys"][0].clone() }
    }

    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.jwk["kid"]})
    }

    #[expect(clippy::disallowed_methods, reason = "the server counts in the system's time, too")]
    fn claims() -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        json!({
            "iss": "cinelog", "aud": "cinelog", "sub": ID, "client_id": "cinelog", "jti": ID,
            "roles": ["admin"], "iat": now, "nbf": now, "exp": now + 600,
        })
    }

    /// A token with this header and these claims, rightly signed.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        self.signed_with(header, claims, &self.key, Algorithm::EdDSA)
    }

    fn signed_with(
        &self,
        header: &Value,
        claims: &Value,
        key: &EncodingKey,
        algorithm: Algorithm,
    ) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature = sign(message.as_bytes(), key, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    async fn is_refused(&self, token: &str, why: &str) {
        refused(&self.ground.with_token(token).get(TARGET).await, why);
    }

    /// With a header changed.
    async fn header_is_refused(&self, name: &str, value: Value, why: &str) {
        let header = with(self.header(), name, value);
        self.is_refused(&self.signed(&header, &Self::claims()), why).await;
    }

    /// With a claim changed.
    async fn claim_is_refused(&self, name: &str, value: Value, why: &str) {
        let claims = with(Self::claims(), name, value);
        self.is_refused(&self.signed(&self.header(), &claims), why).await;
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn seconds(claims: &Value) -> i64 {
    claims["iat"].as_i64().unwrap()
}

#[tokio::test]
async fn a_token_made_with_the_servers_own_key_is_let_in() {
    let forger = Forger::new().await;
    let token = forger.signed(&forger.header(), &Forger::claims());
    forger.ground.with_token(&token).get(TARGET).await.expect(200);
}

#[tokio::test]
async fn unsigned_and_otherwise_signed_tokens_are_refused() {
    let forger = Forger::new().await;
    const WHY: &str = "the token is not signed with EdDSA";
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = with(forger.header(), "alg", alg.into());
        let unsigned = format!("{}.{}.", part(&header), part(&Forger::claims()));
        forger.is_refused(&unsigned, WHY).await;
    }
    // The public key is known to everybody: it must not be taken for a shared secret.
    let x = forger.jwk["x"].as_str().unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(x).unwrap();
    let jwk = forger.jwk.to_string();
    for secret in [x.as_bytes(), &bytes, jwk.as_bytes(), b""] {
        let header = with(forger.header(), "alg", "HS256".into());
        let key = EncodingKey::from_secret(secret);
        let token = forger.signed_with(&header, &Forger::claims(), &key, Algorithm::HS256);
        forger.is_refused(&token, WHY).await;
        // Nor where the header says what it should.
        let header = forger.header();
        let token = forger.signed_with(&header, &Forger::claims(), &key, Algorithm::HS256);
        let answer = forger.ground.with_token(&token).get(TARGET).await;
        assert_eq!(answer.status, 401);
    }
    let whole = forger.signed(&forger.header(), &Forger::claims());
    let (message, _) = whole.rsplit_once('.').unwrap();
    forger.is_refused(&format!("{message}."), "the token's signature is wrong").await;
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_looked_at() {
    let forger = Forger::new().await;
    let own = [7; 32];
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend(own);
    let own = EncodingKey::from_ed_der(&der);
    let theirs =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    for (name, value) in [
        ("jwk", theirs.clone()),
        ("jku", "https://evil.example/jwks.json".into()),
        ("x5u", "https://evil.example/chain.pem".into()),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = with(forger.header(), name, value);
        let token = forger.signed_with(&header, &Forger::claims(), &own, Algorithm::EdDSA);
        forger.is_refused(&token, "the token's signature is wrong").await;
    }
    forger.header_is_refused("kid", "other".into(), "the token's key is not known here").await;
    for kid in ["../../../../dev/null", "' OR 1=1 --", ""] {
        forger.header_is_refused("kid", kid.into(), "the token's key is not known here").await;
    }
    forger.header_is_refused("crit", json!(["exp"]), "the token has critical extensions").await;
}

#[tokio::test]
async fn tokens_of_others_for_others_and_of_other_times_are_refused() {
    let forger = Forger::new().await;
    let now = seconds(&Forger::claims());
    for iss in ["https://evil.example", "Cinelog", "cinelog/", ""] {
        forger.claim_is_refused("iss", iss.into(), "the token comes from another issuer").await;
    }
    for aud in [json!("another"), json!(["a", "b"]), json!([])] {
        forger.claim_is_refused("aud", aud, "the token is meant for another audience").await;
    }
    forger.claim_is_refused("exp", (now - 1).into(), "the token has expired").await;
    forger.claim_is_refused("exp", Value::Null, "the token has expired").await;
    forger.claim_is_refused("nbf", (now + 120).into(), "the token is not valid yet").await;
    forger.claim_is_refused("roles", json!(["root"]), "the token names no role that exists").await;
    forger.claim_is_refused("sub", "nobody".into(), "the token names no account").await;
    forger.claim_is_refused("jti", Value::Null, "the token has no id").await;
    forger.claim_is_refused("exp", "soon".into(), "the token is malformed").await;
}

#[tokio::test]
async fn tokens_of_other_kinds_are_refused() {
    let forger = Forger::new().await;
    // Such as an id token of OpenID Connect.
    for typ in ["JWT", "jwt", "id_token+jwt", "logout+jwt", ""] {
        forger.header_is_refused("typ", typ.into(), "the token is not of type at+jwt").await;
    }
    let tokens = forger.ground.somebody("ann").await;
    forger.is_refused(&tokens.refresh, "this is a refresh token, not an access token").await;
    let key = "cinelog_key_0190a5d27c3e7b1a9f001c2d3e4f5a6b_00";
    forger.is_refused(key, "the API key is not whole: its checksum is wrong").await;
}

#[tokio::test]
async fn tokens_that_were_cut_off_changed_or_blown_up_are_refused() {
    let forger = Forger::new().await;
    let whole = forger.signed(&forger.header(), &Forger::claims());
    for length in [1, 10, whole.len() / 2, whole.len() - 1] {
        let answer = forger.ground.with_token(&whole[..length]).get(TARGET).await;
        assert_eq!(answer.status, 401, "{length}");
        assert!(answer.header("WWW-Authenticate").contains("invalid_token"), "{length}");
    }
    let claims = with(Forger::claims(), "roles", json!(["admin"]));
    let (head, signature) = whole.rsplit_once('.').unwrap();
    let other =
        format!("{}.{}", head.split('.').next().unwrap(), part(&with(claims, "x", 1.into())));
    forger.is_refused(&format!("{other}.{signature}"), "the token's signature is wrong").await;
    for text in ["....", "a.b.c", "e30.e30.e30", "x"] {
        let answer = forger.ground.with_token(text).get(TARGET).await;
        assert_eq!(answer.status, 401, "{text}");
    }
    let huge = with(Forger::claims(), "padding", "x".repeat(8_000).into());
    let huge = forger.signed(&forger.header(), &huge);
    forger.is_refused(&huge, "the token is malformed").await;
    // Beyond what a header may be, whatever it holds.
    let answer = forger.ground.with_token(&"x".repeat(200_000)).get(TARGET).await;
    assert!(matches!(answer.status, 401 | 431), "{}", answer.status);
    // The server is none the worse for it.
    forger.ground.with_token(&whole).get(TARGET).await.expect(200);
}
