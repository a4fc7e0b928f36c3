//! Log-in by password.

mod post;

use http_kit::access::{RateGroup, Row, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::post::{__path_log_in, log_in};
use crate::state::AccountState;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    vec![Row::post(post::PATH, Takes::Anyone, RateGroup::SignIn)]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(log_in))
}
