//! Tokens that are believed, and many that are not.

use std::time::Duration;

use jsonwebtoken::{
    EncodingKey, Header, encode,
    jwk::{AlgorithmParameters, Jwk},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{KeyPair, Signer};

const ACCOUNT: Uuid = Uuid::from_u128(7);
const ID: Uuid = Uuid::from_u128(9);

fn me() -> Identity {
    Identity::by_token(ACCOUNT, Role::Editor, ID)
}

fn realm() -> Realm {
    Realm { issuer: "https://films.example".to_owned(), audience: "cinelog".to_owned() }
}

fn key() -> KeyPair {
    KeyPair::from_seed(&[1; 32]).unwrap()
}

/// The key's public half as others would send it.
fn jwk(key: &KeyPair) -> Jwk {
    Jwk::from_encoding_key(&key.encoding, Algorithm::EdDSA).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(realm(), key())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A token made at second 1000 that lives for a minute.
fn token() -> String {
    let signer = Signer::new(realm(), key());
    signer.issue(&me(), at(1000), Duration::from_secs(60)).unwrap()
}

/// The claims that a valid token has.
fn claims() -> Value {
    json!({
        "iss": "https://films.example", "aud": "cinelog", "sub": ACCOUNT,
        "client_id": "cinelog", "roles": ["editor"], "jti": ID,
        "iat": 1000, "nbf": 1000, "exp": 1060,
    })
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key().public().id()})
}

/// A token with this header and these claims, rightly signed.
fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = key();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key.encoding, Algorithm::EdDSA);
    format!("{message}.{}", signature.unwrap())
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn refused_claims(claims: &Value) -> TokenError {
    verifier().verify(&signed(&header(), claims), at(1001)).unwrap_err()
}

fn refused_header(header: &Value) -> TokenError {
    verifier().verify(&signed(header, &claims()), at(1001)).unwrap_err()
}

#[test]
fn a_token_says_who_it_was_made_for() {
    assert_eq!(verifier().verify(&token(), at(1000)), Ok(me()));
    assert_eq!(verifier().verify(&signed(&header(), &claims()), at(1000)), Ok(me()));
}

#[test]
fn a_token_is_over_the_second_it_expires() {
    assert_eq!(verifier().verify(&token(), at(1059)), Ok(me()));
    assert_eq!(verifier().verify(&token(), at(1060)), Err(TokenError::Expired));
    assert_eq!(refused_claims(&without(claims(), "exp")), TokenError::Expired);
}

#[test]
fn a_token_from_a_clock_that_runs_a_little_ahead_is_taken() {
    assert_eq!(verifier().verify(&token(), at(970)), Ok(me()));
    assert_eq!(verifier().verify(&token(), at(969)), Err(TokenError::NotYetValid));
}

#[test]
fn an_unsigned_token_is_refused() {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE", ""] {
        let unsigned = format!("{}.{}.", part(with(header(), "alg", alg.into())), part(claims()));
        assert_eq!(verifier().verify(&unsigned, at(1001)), Err(TokenError::Algorithm), "{alg}");
    }
    let nothing_signed = format!("{}.{}.", part(header()), part(claims()));
    assert_eq!(verifier().verify(&nothing_signed, at(1001)), Err(TokenError::Signature));
}

#[test]
fn the_public_key_is_not_taken_for_a_shared_secret() {
    let AlgorithmParameters::OctetKeyPair(public) = jwk(&key()).algorithm else { unreachable!() };
    let x = public.x;
    let bytes = URL_SAFE_NO_PAD.decode(&x).unwrap();
    for secret in [x.as_bytes(), &bytes] {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(key().public().id().to_owned());
        let forged = encode(&header, &claims(), &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(verifier().verify(&forged, at(1001)), Err(TokenError::Algorithm));
    }
}

#[test]
fn a_key_in_the_token_itself_is_not_trusted() {
    let other = KeyPair::from_seed(&[2; 32]).unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TOKEN_TYPE.to_owned());
    header.jwk = Some(jwk(&other));
    for (kid, error) in
        [(other.public().id(), TokenError::Key), (key().public().id(), TokenError::Signature)]
    {
        header.kid = Some(kid.to_owned());
        let forged = encode(&header, &claims(), &other.encoding).unwrap();
        assert_eq!(verifier().verify(&forged, at(1001)), Err(error));
    }
}

#[test]
fn only_access_tokens_are_taken() {
    for (typ, error) in [(json!("JWT"), TokenError::Type), (json!(""), TokenError::Type)] {
        assert_eq!(refused_header(&with(header(), "typ", typ)), error);
    }
    assert_eq!(refused_header(&without(header(), "typ")), TokenError::Type);
    let long = with(header(), "typ", "application/AT+JWT".into());
    assert_eq!(verifier().verify(&signed(&long, &claims()), at(1001)), Ok(me()));
}

#[test]
fn what_cannot_be_understood_and_must_be_is_refused() {
    assert_eq!(refused_header(&with(header(), "crit", json!(["b64"]))), TokenError::Critical);
}

#[test]
fn an_unknown_or_unnamed_key_is_refused() {
    assert_eq!(refused_header(&with(header(), "kid", "other".into())), TokenError::Key);
    assert_eq!(refused_header(&without(header(), "kid")), TokenError::Key);
}

#[test]
fn another_issuer_or_audience_is_refused() {
    for (name, error) in [("iss", TokenError::Issuer), ("aud", TokenError::Audience)] {
        assert_eq!(refused_claims(&with(claims(), name, "else".into())), error);
        assert_eq!(refused_claims(&without(claims(), name)), error);
    }
    let several = with(claims(), "aud", json!(["else", "cinelog"]));
    assert_eq!(verifier().verify(&signed(&header(), &several), at(1001)), Ok(me()));
}

#[test]
fn a_token_names_an_account_a_role_and_itself() {
    for (name, error) in
        [("sub", TokenError::Account), ("roles", TokenError::Role), ("jti", TokenError::Id)]
    {
        assert_eq!(refused_claims(&without(claims(), name)), error);
    }
    assert_eq!(refused_claims(&with(claims(), "sub", "me".into())), TokenError::Account);
    assert_eq!(refused_claims(&with(claims(), "roles", json!(["root"]))), TokenError::Role);
}

#[test]
fn of_several_roles_the_most_powerful_counts() {
    let claims = with(claims(), "roles", json!(["viewer", "admin", "root", "member"]));
    let identity = verifier().verify(&signed(&header(), &claims), at(1001)).unwrap();
    assert_eq!(identity.role, Role::Admin);
}

#[test]
fn claims_of_the_wrong_type_are_malformed() {
    for (name, value) in [("exp", json!("soon")), ("sub", json!(7)), ("roles", json!("admin"))] {
        assert_eq!(refused_claims(&with(claims(), name, value)), TokenError::Malformed, "{name}");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let long = "x".repeat(Verifier::TOKEN_BYTES_MAX + 1);
    let five = format!("{}.x.y", token());
    for text in ["", ".", "..", "a.b.c", "é.é.é", &long, &five] {
        assert_eq!(verifier().verify(text, at(1001)), Err(TokenError::Malformed), "{text}");
    }
}

#[test]
fn an_old_key_is_trusted_beside_a_new_one() {
    let new = KeyPair::from_seed(&[2; 32]).unwrap();
    let verifier = Verifier::new(realm(), KeyRing::of([new.clone(), key()]));
    for key in [key(), new] {
        let token = Signer::new(realm(), key).issue(&me(), at(1000), Duration::from_secs(60));
        assert_eq!(verifier.verify(&token.unwrap(), at(1001)), Ok(me()));
    }
}

proptest! {
    #[test]
    fn no_token_with_a_changed_character_is_believed(
        index in any::<prop::sample::Index>(), other in "[A-Za-z0-9_.-]"
    ) {
        let mut changed = token();
        let index = index.index(changed.len());
        prop_assume!(changed[index..=index] != other);
        changed.replace_range(index..=index, &other);
        // This holds for the last character too: the bits of it that carry nothing must be zero.
        prop_assert!(verifier().verify(&changed, at(1001)).is_err());
    }
}

#[test]
fn a_token_that_was_believed_expires_all_the_same() {
    let (verifier, token) = (verifier(), token());
    for _ in 0..3 {
        assert_eq!(verifier.verify(&token, at(1059)), Ok(me()));
        assert_eq!(verifier.verify(&token, at(1060)), Err(TokenError::Expired));
        assert_eq!(verifier.verify(&token, at(969)), Err(TokenError::NotYetValid));
    }
}

#[test]
fn a_token_that_was_refused_for_its_time_is_believed_when_that_has_come() {
    let (verifier, token) = (verifier(), token());
    assert_eq!(verifier.verify(&token, at(969)), Err(TokenError::NotYetValid));
    assert_eq!(verifier.verify(&token, at(1001)), Ok(me()));
}

#[test]
fn a_token_that_was_believed_vouches_for_no_other() {
    let (verifier, token) = (verifier(), token());
    assert_eq!(verifier.verify(&token, at(1001)), Ok(me()));
    for place in (0..token.len()).step_by(17) {
        let mut other = token.clone().into_bytes();
        other[place] = if other[place] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        let result = verifier.verify(&other, at(1001));
        // The last character has bits that stand for nothing.
        assert!(result.is_err() || place == token.len() - 1, "{place}");
    }
    let stranger = Verifier::new(realm(), KeyPair::from_seed(&[2; 32]).unwrap());
    assert_eq!(stranger.verify(&token, at(1001)), Err(TokenError::Key));
}
