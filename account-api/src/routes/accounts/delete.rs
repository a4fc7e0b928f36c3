//! `DELETE /v1/accounts/{id}`: an account is erased, by an admin.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Caller, NoBody, Path, Problem, ProblemDocument, RequestOrigin};
use uuid::Uuid;

use crate::{
    conditions::Conditions, query::NoParameters, routes::accounts::erase, state::AccountState,
};

/// Erase an account
///
/// As its owner can (`DELETE /v1/account`).
#[utoipa::path(
    delete, path = "/v1/accounts/{id}", operation_id = "delete_account_by_id", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")),
    responses(
        (status = 204, description = "It is gone, or never was."),
        (status = 400, description = "The id is none.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is the last admin who can log in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The account is not what a condition (`If-Match`) wants it to be.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn delete_account_by_id(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    Path(id): Path<Uuid>,
    _: NoParameters,
    conditions: Conditions,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    erase(&state, id, &conditions, caller, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
