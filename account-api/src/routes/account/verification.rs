//! `POST /v1/account/verification`: an address is shown to be one's own.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http_kit::{Json, Problem, ProblemDocument, RequestOrigin};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    conditions::NoVersion,
    failure::{invalid, store_failed},
    query::NoParameters,
    representation::{DeviceDocument, private},
    state::AccountState,
};

/// What a mail brought.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verification {
    /// The token.
    token: String,
}

/// Show that an address is one's own
///
/// With the token that was sent to it. It can be used once, within a day. From then on one can log in.
#[utoipa::path(
    post, path = "/v1/account/verification", operation_id = "verify_account", tag = "account",
    request_body = Verification,
    responses(
        (status = 200, description = "It is.", body = DeviceDocument),
        (status = 422, description = "The token cannot be used, or not any more.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn verify_account(
    State(state): State<AccountState>,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    _: NoVersion,
    Json(Verification { token }): Json<Verification>,
) -> Result<Response, Problem> {
    let verified = state.registrar.verify(&token, &state.occasion(origin)).await;
    match verified.map_err(store_failed)? {
        Some(known) => {
            Ok(private(Json(DeviceDocument { device_token: known.device_token }).into_response()))
        }
        None => Err(invalid(
            "/token",
            "is not a token that can be used: it was used, has expired, or never was one",
        )),
    }
}
