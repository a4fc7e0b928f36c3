//! Keys for machines.

mod create;
mod list;
mod revoke;

use http_kit::access::{RateGroup, Role, Row, Scope, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::{
    create::{__path_create_api_key, create_api_key},
    list::{__path_list_api_keys, list_api_keys},
    revoke::{__path_revoke_api_key, revoke_api_key},
};
use crate::state::AccountState;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    const ONESELF: Takes = Takes::caller(Role::Viewer, Scope::Account);
    vec![
        Row::get(list::PATH, ONESELF, RateGroup::Account),
        Row::post(list::PATH, ONESELF, RateGroup::Account),
        Row::delete(revoke::PATH, ONESELF, RateGroup::Account),
    ]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new()
        .routes(methods!(list_api_keys, create_api_key))
        .routes(methods!(revoke_api_key))
}
