//! How an access token of another issuer is read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::{
    TokenError,
    claims::{Audience, ReadHeader, TOKEN_TYPE},
};

/// The longest token that is looked at, in bytes. Some issuers put all groups of a person into a token.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Claims that only ID tokens have (OpenID Connect Core 1.0 section 2). An ID token tells a client who has signed
/// in, and gives access to nothing.
const OF_ID_TOKENS: [&str; 3] = ["nonce", "at_hash", "c_hash"];

/// The claims that every issuer writes alike. Each may be missing, or wrong.
#[derive(Debug, Deserialize)]
pub(super) struct CommonClaims {
    pub(super) aud: Option<Audience>,
    pub(super) sub: Option<String>,
    pub(super) exp: Option<f64>,
    pub(super) nbf: Option<f64>,
}

/// The issuer that a token names, before anything in the token is known to be true. `None`: it names none.
pub(super) fn claimed_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let json = URL_SAFE_NO_PAD.decode(claims).ok()?;
    serde_json::from_slice::<Issuer>(&json).ok().map(|issuer| issuer.iss)
}

/// Refuses a header that is not that of an access token. `may_be_untyped`: it need not say so (`typ`).
pub(super) fn check_header(header: &ReadHeader, may_be_untyped: bool) -> Result<(), TokenError> {
    let typ = header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    let is_access_token = typ == TOKEN_TYPE || (may_be_untyped && matches!(typ, "" | "jwt"));
    match () {
        () if !is_access_token => Err(TokenError::Type),
        () if header.crit.is_some() => Err(TokenError::Critical),
        () => Ok(()),
    }
}

/// Whether these are the claims of an ID token, which somebody shows in place of an access token.
pub(super) fn is_id_token(claims: &serde_json::Value) -> bool {
    OF_ID_TOKENS.iter().any(|claim| claims.get(claim).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(typ: Option<&str>) -> ReadHeader {
        ReadHeader { alg: "RS256".into(), typ: typ.map(Into::into), kid: None, crit: None }
    }

    #[test]
    fn what_calls_itself_no_access_token_is_believed_only_where_that_is_configured() {
        for typ in [Some("at+jwt"), Some("application/at+JWT")] {
            assert_eq!(check_header(&header(typ), false), Ok(()));
        }
        for typ in [None, Some("JWT")] {
            assert_eq!(check_header(&header(typ), false), Err(TokenError::Type));
            assert_eq!(check_header(&header(typ), true), Ok(()));
        }
        assert_eq!(check_header(&header(Some("logout+jwt")), true), Err(TokenError::Type));
        let critical =
            ReadHeader { crit: Some(serde_json::json!(["b64"])), ..header(Some("at+jwt")) };
        assert_eq!(check_header(&critical, false), Err(TokenError::Critical));
    }

    #[test]
    fn an_issuer_is_read_only_from_what_looks_like_a_token() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"https://a.example"}"#);
        assert_eq!(claimed_issuer(&format!("a.{claims}.c")).as_deref(), Some("https://a.example"));
        for other in [claims.clone(), format!("a.{claims}"), "a.b.c".to_owned(), String::new()] {
            assert_eq!(claimed_issuer(&other), None, "{other}");
        }
    }
}
