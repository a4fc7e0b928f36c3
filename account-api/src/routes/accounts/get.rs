//! `GET /v1/accounts/{id}`: an account, for admins.

use axum::{extract::State, response::Response};
use http_kit::{Caller, Path, Problem, ProblemDocument, RequestOrigin};
use uuid::Uuid;

use super::note_reading;
use crate::{
    conditions::Conditions,
    failure::{no_account, store_failed},
    query::NoParameters,
    representation::AccountDocument,
    state::AccountState,
};

/// Read an account
///
/// Reading is written in the audit trail, before the answer.
#[utoipa::path(
    get, path = "/v1/accounts/{id}", operation_id = "get_account_by_id", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")),
    responses(
        (status = 200, description = "The account.", body = AccountDocument),
        (status = 304, description = "It is the account that the client has."),
        (status = 400, description = "The id is none.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The account is not what a condition (`If-Match`) wants it to be.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_account_by_id(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    Path(id): Path<Uuid>,
    _: NoParameters,
    conditions: Conditions,
) -> Result<Response, Problem> {
    note_reading(&state, caller, origin, Some(id)).await?;
    let account = state.ports.accounts.account(id).await.map_err(store_failed)?;
    conditions.of_read(&account.ok_or_else(no_account)?)
}
