//! `POST /v1/account/verification-mail`: the mail that verifies an address, once more.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Json, Problem, RequestOrigin};
use identity::accounts::EmailAddress;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{conditions::NoVersion, failure::invalid, query::NoParameters, state::AccountState};

/// To whom a mail is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailRequest {
    /// The address.
    #[schema(format = "email", max_length = 254, example = "ada@films.example")]
    email: String,
}

impl MailRequest {
    /// The address.
    ///
    /// # Errors
    /// 422 where it is none, which tells nothing of anybody.
    pub(super) fn address(&self) -> Result<EmailAddress, Problem> {
        EmailAddress::parse(&self.email).map_err(|none| invalid("/email", none))
    }
}

/// Have the mail sent again that verifies an address
///
/// The answer is the same whether there is such an account or not.
#[utoipa::path(
    post, path = "/v1/account/verification-mail", operation_id = "mail_verification", tag = "account",
    request_body = MailRequest,
    responses((status = 202, description = "If an account waits for it, a mail is on its way.")),
)]
pub(crate) async fn mail_verification(
    State(state): State<AccountState>,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    _: NoVersion,
    Json(request): Json<MailRequest>,
) -> Result<StatusCode, Problem> {
    state.registrar.ask_for_verification(request.address()?, &state.occasion(origin));
    Ok(StatusCode::ACCEPTED)
}
