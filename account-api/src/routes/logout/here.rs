//! `POST /v1/logout`: ends the session that the token belongs to.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Caller, NoBody, Problem, ProblemDocument, ProblemType, RequestOrigin};
use identity::audit::{Entry, Kind};

use crate::{failure::store_failed, state::AccountState};

pub(super) const PATH: &str = "/v1/logout";

/// Log out
///
/// Ends the session of the access token: its refresh token gives nothing any more, and its access tokens are
/// refused, here at once and by other nodes within seconds.
#[utoipa::path(
    post, path = PATH, operation_id = "log_out", tag = "sign-in",
    responses(
        (status = 204, description = "The session has ended."),
        (status = 409, description = "The token belongs to no session.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn log_out(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let session = caller.session().ok_or_else(|| {
        Problem::new(ProblemType::Conflict)
            .detail("This token belongs to no session: it ends when it expires.")
    })?;
    let now = state.clock.now();
    let entry = Entry::new(state.clock.new_id(), now, Kind::SignOut);
    let entry = entry.about(caller.account).by(caller.account).from(&origin).session(session);
    let sessions = &state.ports.sessions;
    let ended = sessions.end_session(caller.account, session, Some(&caller), now, &entry).await;
    // One that had ended before is over all the same.
    ended.map_err(store_failed)?;
    state.know_revoked().await;
    Ok(StatusCode::NO_CONTENT)
}
