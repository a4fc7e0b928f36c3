//! Tokens.

mod code;
mod refresh;

use http_kit::access::{RateGroup, Row, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::refresh::{__path_refresh_token, refresh_token};
use crate::state::AccountState;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    vec![Row::post(refresh::PATH, Takes::Anyone, RateGroup::Account)]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(refresh_token))
}
