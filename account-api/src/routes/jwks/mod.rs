//! The public keys.

mod get;

use http_kit::access::{RateGroup, Row, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::get::{__path_get_jwks, get_jwks};
use crate::state::AccountState;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    vec![Row::get(get::PATH, Takes::Anyone, RateGroup::Read)]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(get_jwks))
}
