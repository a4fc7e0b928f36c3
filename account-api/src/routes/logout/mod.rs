//! Log-out. Parameters and `If-Match` are not heard, unlike anywhere else about accounts: who wants to be logged out
//! and is not is worse off than who is though the request asked for something that there is not.

mod everywhere;
mod here;

use http_kit::access::{RateGroup, Role, Row, Scope, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::{
    everywhere::{__path_log_out_everywhere, log_out_everywhere},
    here::{__path_log_out, log_out},
};
use crate::state::AccountState;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    const ONESELF: Takes = Takes::caller(Role::Viewer, Scope::Account);
    vec![
        Row::post(here::PATH, ONESELF, RateGroup::Account),
        Row::post(everywhere::PATH, ONESELF, RateGroup::Account),
    ]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(log_out)).routes(methods!(log_out_everywhere))
}
