//! `POST /v1/logout/everywhere`: ends all sessions of the account.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Caller, NoBody, Problem, ProblemDocument, RequestOrigin};
use identity::audit::{Entry, Kind};

use crate::{
    failure::{not_any_more, store_failed},
    state::AccountState,
};

pub(super) const PATH: &str = "/v1/logout/everywhere";

/// Log out everywhere
///
/// Ends every session of the account, this one too. All of its access tokens are refused, here at once and by
/// other nodes within seconds. API keys stay: they are revoked one by one.
#[utoipa::path(
    post, path = PATH, operation_id = "log_out_everywhere", tag = "sign-in",
    responses(
        (status = 204, description = "All sessions have ended."),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn log_out_everywhere(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let now = state.clock.now();
    let entry = Entry::new(state.clock.new_id(), now, Kind::SignOut).because("everywhere");
    let entry = entry.about(caller.account).by(caller.account).from(&origin);
    let sessions = &state.ports.sessions;
    if !sessions.end_sessions(&caller, now, &entry).await.map_err(store_failed)? {
        return Err(not_any_more());
    }
    state.know_revoked().await;
    Ok(StatusCode::NO_CONTENT)
}
