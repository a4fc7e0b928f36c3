//! `POST /v1/account/password-reset`: a new password, with what a mail brought.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http_kit::{Json, Problem, ProblemDocument, RequestOrigin};
use identity::accounts::ResetRefused;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    conditions::NoVersion,
    failure::{busy, invalid, store_failed},
    query::NoParameters,
    representation::{DeviceDocument, private},
    state::AccountState,
};

/// What a mail brought, and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordReset {
    /// The token.
    token: String,
    /// The new password: 12 to 128 characters, not easily guessed.
    #[schema(format = "password", min_length = 12, max_length = 128)]
    new_password: String,
}

/// Set a new password with a token from a mail
///
/// It can be used once, within an hour; where the password is not taken, it is still good. All sessions and API
/// keys end, and failed tries to log in are forgotten.
#[utoipa::path(
    post, path = "/v1/account/password-reset", operation_id = "reset_password", tag = "account",
    request_body = PasswordReset,
    responses(
        (status = 200, description = "The password is another now.", body = DeviceDocument),
        (status = 422, description = "The token cannot be used, or the password is not taken.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many passwords are being looked at, or the identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn reset_password(
    State(state): State<AccountState>,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    _: NoVersion,
    Json(PasswordReset { token, new_password }): Json<PasswordReset>,
) -> Result<Response, Problem> {
    match state.registrar.reset_password(&token, new_password, &state.occasion(origin)).await {
        Ok(known) => {
            state.know_revoked().await;
            Ok(private(Json(DeviceDocument { device_token: known.device_token }).into_response()))
        }
        Err(error @ ResetRefused::Token) => Err(invalid("/token", error)),
        Err(ResetRefused::Password(unfit)) => Err(invalid("/new_password", unfit)),
        Err(ResetRefused::Busy(_)) => Err(busy()),
        Err(ResetRefused::Store(error)) => Err(store_failed(error)),
    }
}
