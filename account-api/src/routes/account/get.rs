//! `GET /v1/account`: one's own account.

use axum::{extract::State, response::Response};
use http_kit::{Caller, Problem, ProblemDocument};

use crate::{
    conditions::Conditions,
    failure::{no_account, store_failed},
    query::NoParameters,
    representation::AccountDocument,
    state::AccountState,
};

/// Read one's own account
#[utoipa::path(
    get, path = "/v1/account", operation_id = "get_account", tag = "account",
    responses(
        (status = 200, description = "The account.", body = AccountDocument),
        (status = 304, description = "It is the account that the client has."),
        (status = 404, description = "The credential belongs to no account here: `cinelog token` made it, or the account is gone.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The account is not what a condition (`If-Match`) wants it to be.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_account(
    State(state): State<AccountState>,
    caller: Caller,
    _: NoParameters,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let account = state.ports.accounts.account(caller.account).await.map_err(store_failed)?;
    conditions.of_read(&account.ok_or_else(no_account)?)
}
