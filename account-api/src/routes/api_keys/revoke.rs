//! `DELETE /v1/account/api-keys/{id}`: a key is good no more.

use axum::extract::State;
use http::StatusCode;
use http_kit::{Caller, NoBody, Path, Problem, ProblemDocument, ProblemType, RequestOrigin};
use identity::audit::{Entry, Kind};
use uuid::Uuid;

use crate::{
    conditions::NoVersion, failure::store_failed, query::NoParameters, state::AccountState,
};

pub(super) const PATH: &str = "/v1/account/api-keys/{id}";

/// Revoke one of one's API keys
///
/// It is refused here at once, and by other nodes within seconds. One that is revoked already, or is somebody
/// else's, is 404.
#[utoipa::path(
    delete, path = PATH, operation_id = "revoke_api_key", tag = "account",
    params(("id" = Uuid, Path, description = "The key.")),
    responses(
        (status = 204, description = "The key is revoked."),
        (status = 400, description = "The id is none.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "The account has no such key.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn revoke_api_key(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    Path(id): Path<Uuid>,
    _: NoParameters,
    _: NoVersion,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let now = state.clock.now();
    let entry = Entry::new(state.clock.new_id(), now, Kind::KeyRevoked);
    let entry = entry.about(caller.account).by(caller.account).from(&origin).key(id);
    let keys = &state.ports.api_keys;
    match keys.revoke_key(caller.account, id, &caller, now, &entry).await.map_err(store_failed)? {
        true => {
            state.know_revoked().await;
            Ok(StatusCode::NO_CONTENT)
        }
        false => Err(Problem::new(ProblemType::NotFound).detail("There is no such key.")),
    }
}
