//! Films.

mod body;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod patch;
pub(super) mod put;
mod request;
pub(super) mod restore;

pub(crate) use body::READ_ONLY_FIELDS;
pub(super) use body::read;
pub(crate) use request::MovieRequest;

pub(super) use request::task;

use axum::response::{IntoResponse, Response};
use http_kit::ACCEPT_PATCH;

/// Says in which formats the film can be patched (RFC 5789 section 3.1).
fn patchable(response: impl IntoResponse) -> Response {
    ([ACCEPT_PATCH], response).into_response()
}
