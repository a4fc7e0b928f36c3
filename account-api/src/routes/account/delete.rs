//! `DELETE /v1/account`: one's own account is erased.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Caller, NoBody, Problem, ProblemDocument, RequestOrigin};

use crate::{
    conditions::Conditions, failure::no_account, query::NoParameters, routes::accounts::erase,
    state::AccountState,
};

/// Erase one's own account
///
/// With it go its name, address and password, its sessions, API keys and links to providers, and where it came
/// from in the audit trail. Ratings stay as an opaque id's; withdraw them before, where they should not. It
/// cannot be undone.
#[utoipa::path(
    delete, path = "/v1/account", operation_id = "delete_account", tag = "account",
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "The credential belongs to no account here.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is the last admin who can log in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The account is not what a condition (`If-Match`) wants it to be.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn delete_account(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    conditions: Conditions,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    match erase(&state, caller.account, &conditions, caller, origin).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_account()),
    }
}
