//! `DELETE /v1/account/sessions/{id}`: ends one session, such as that of a lost telephone.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Caller, NoBody, Path, Problem, ProblemDocument, ProblemType, RequestOrigin};
use identity::audit::{Entry, Kind};
use uuid::Uuid;

use crate::{
    conditions::NoVersion, failure::store_failed, query::NoParameters, state::AccountState,
};

pub(super) const PATH: &str = "/v1/account/sessions/{id}";

/// End one of one's sessions
///
/// Its refresh token gives nothing any more, and its access tokens are refused. One that has ended already, or
/// is somebody else's, is 404.
#[utoipa::path(
    delete, path = PATH, operation_id = "end_session", tag = "account",
    params(("id" = Uuid, Path, description = "The session.")),
    responses(
        (status = 204, description = "The session has ended."),
        (status = 400, description = "The id is none.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "The account has no such session.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn end_session(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    Path(id): Path<Uuid>,
    _: NoParameters,
    _: NoVersion,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let now = state.clock.now();
    let entry = Entry::new(state.clock.new_id(), now, Kind::SessionRevoked);
    let entry = entry.about(caller.account).by(caller.account).from(&origin).session(id);
    let sessions = &state.ports.sessions;
    let ended = sessions.end_session(caller.account, id, Some(&caller), now, &entry).await;
    match ended.map_err(store_failed)? {
        true => {
            state.know_revoked().await;
            Ok(StatusCode::NO_CONTENT)
        }
        false => Err(Problem::new(ProblemType::NotFound).detail("There is no such session.")),
    }
}
