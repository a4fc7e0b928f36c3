//! `POST /v1/account/password-reset-mail`: the password was forgotten.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Json, Problem, RequestOrigin};

use super::verification_mail::MailRequest;
use crate::{conditions::NoVersion, query::NoParameters, state::AccountState};

/// Have a mail sent that allows to set a new password
///
/// The answer is the same whether there is such an account or not.
#[utoipa::path(
    post, path = "/v1/account/password-reset-mail", operation_id = "mail_password_reset", tag = "account",
    request_body = MailRequest,
    responses((status = 202, description = "If there is such an account, a mail is on its way.")),
)]
pub(crate) async fn mail_password_reset(
    State(state): State<AccountState>,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    _: NoVersion,
    Json(request): Json<MailRequest>,
) -> Result<StatusCode, Problem> {
    state.registrar.ask_for_password_reset(request.address()?, &state.occasion(origin));
    Ok(StatusCode::ACCEPTED)
}
