//! Signing in with somebody else's account (OpenID Connect).

mod begin;
mod callback;
mod cookie;

use http::{HeaderValue, header};
use http_kit::{
    Problem, ProblemType,
    access::{RateGroup, Row, Takes},
};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::{
    begin::{__path_begin_provider_login, begin_provider_login},
    callback::{__path_end_provider_login, end_provider_login},
};
use crate::state::AccountState;

/// How long to wait before a provider is asked again, in seconds.
const RETRY_AFTER_S: u16 = 5;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    [begin::PATH, callback::PATH]
        .map(|path| Row::get(path, Takes::Anyone, RateGroup::SignIn))
        .to_vec()
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(begin_provider_login)).routes(methods!(end_provider_login))
}

fn unknown_provider() -> Problem {
    Problem::new(ProblemType::NotFound).detail("There is no such provider.")
}

fn unavailable() -> Problem {
    Problem::new(ProblemType::Unavailable)
        .header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S))
        .detail("The provider does not answer at the moment.")
}
