//! `GET /.well-known/jwks.json`: the keys that access tokens are checked with.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};
use http_kit::{ETag, Problem, respond_conditional};
use identity::Jwk;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::state::AccountState;

pub(super) const PATH: &str = "/.well-known/jwks.json";

/// A new key is published five minutes before it signs (`cinelog key rotate --after`): whoever keeps the answer
/// for as long as this knows it by then.
const CACHING: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// RFC 7517 section 8.5.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/jwk-set+json");

/// The keys.
#[derive(Serialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// Get the public keys
///
/// Those that access tokens are checked with (RFC 7517), for other services that believe them. While a new key
/// takes over there are several; `kid` in a token's header says which one has signed it.
#[utoipa::path(
    get, path = PATH, operation_id = "get_jwks", tag = "sign-in",
    responses(
        (status = 200, description = "The keys.", body = serde_json::Value, content_type = "application/jwk-set+json"),
        (status = 304, description = "They are those that the client has."),
    ),
)]
pub(crate) async fn get_jwks(
    State(state): State<AccountState>,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let keys = state.tokens.keys.published(state.clock.now());
    let body = serde_json::to_vec(&Jwks { keys }).map_err(Problem::internal)?;
    let etag = ETag::strong(URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..12]));
    let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, CACHING)]);
    let whole = || ([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
    Ok(respond_conditional(&request, &etag, None, headers, whole))
}
