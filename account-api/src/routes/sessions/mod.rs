//! Sessions of one's own.

mod end;
mod list;

use http_kit::access::{RateGroup, Role, Row, Scope, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::{
    end::{__path_end_session, end_session},
    list::{__path_list_sessions, list_sessions},
};
use crate::state::AccountState;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    const ONESELF: Takes = Takes::caller(Role::Viewer, Scope::Account);
    vec![
        Row::get(list::PATH, ONESELF, RateGroup::Account),
        Row::delete(end::PATH, ONESELF, RateGroup::Account),
    ]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(list_sessions)).routes(methods!(end_session))
}
