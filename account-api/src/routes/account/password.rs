//! `PUT /v1/account/password`: another password.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Caller, Json, Problem, ProblemDocument, RequestOrigin};
use identity::{
    accounts::NotChanged,
    audit::{Entry, Kind},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    conditions::NoVersion,
    failure::{blocked, busy, invalid, no_account, store_failed},
    query::NoParameters,
    state::AccountState,
};

/// The present password and the next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The present password.
    #[schema(format = "password")]
    current_password: String,
    /// The new one: 12 to 128 characters, not easily guessed.
    #[schema(format = "password", min_length = 12, max_length = 128)]
    new_password: String,
}

/// Change one's own password
///
/// All sessions end but the one that this is called from. A mail tells the owner.
#[utoipa::path(
    put, path = "/v1/account/password", operation_id = "put_password", tag = "account",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The password is another now."),
        (status = 404, description = "The credential belongs to no account here.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The present password is wrong, or the new one is not taken.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries with a wrong password.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many passwords are being looked at, or the identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put_password(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    _: NoVersion,
    Json(PasswordChange { current_password, new_password }): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let occasion = state.occasion(origin);
    let (registrar, session) = (&state.registrar, caller.session());
    let account = caller.account;
    match registrar
        .change_password(account, &current_password, new_password, session, &occasion)
        .await
    {
        Ok(()) => {
            state.know_revoked().await;
            Ok(StatusCode::NO_CONTENT)
        }
        Err(error @ NotChanged::Wrong) => {
            // Whoever has stolen a session guesses here.
            let entry = Entry::new(occasion.entry, occasion.now, Kind::SignInRefused);
            let entry = entry.about(account).by(account).from(&occasion.origin);
            state.refusals.offer(entry.because("current_password"));
            Err(invalid("/current_password", error))
        }
        Err(error @ NotChanged::NoPassword) => Err(invalid("/current_password", error)),
        Err(NotChanged::Password(unfit)) => Err(invalid("/new_password", unfit)),
        Err(NotChanged::Missing) => Err(no_account()),
        Err(NotChanged::Blocked(until)) => Err(blocked(until, occasion.now)),
        Err(NotChanged::Busy(_)) => Err(busy()),
        Err(NotChanged::Store(error)) => Err(store_failed(error)),
    }
}
