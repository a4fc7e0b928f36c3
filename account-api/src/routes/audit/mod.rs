//! The audit trail.

mod cursor;
mod list;
mod query;
mod representation;

use http_kit::access::{RateGroup, Role, Row, Scope, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use self::list::{__path_list_audit, list_audit};
use crate::state::AccountState;

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    const READS: Takes = Takes::caller(Role::Admin, Scope::AuditRead);
    vec![Row::get(list::PATH, READS, RateGroup::Account)]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(list_audit))
}
