//! `GET /v1/account/sessions`: where the account is logged in.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http_kit::{Caller, Json, Problem, ProblemDocument};
use identity::sessions::Session;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    failure::store_failed, query::NoParameters, representation::private, state::AccountState,
};

pub(super) const PATH: &str = "/v1/account/sessions";

/// Where the account is logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The session used last comes first; there are 50 at most.
    items: Vec<SessionItem>,
}

/// A session that lives.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionItem {
    id: Uuid,
    /// Whether it is the one that this request belongs to.
    current: bool,
    /// When somebody logged in.
    created_at: Timestamp,
    /// When tokens were got last.
    used_at: Timestamp,
    /// When it ends if it is not used until then.
    expires_at: Timestamp,
    /// What the client said it is, at log-in.
    #[schema(required)]
    user_agent: Option<String>,
    /// The client's address, at log-in.
    #[schema(required)]
    address: Option<String>,
}

/// List one's sessions
#[utoipa::path(
    get, path = PATH, operation_id = "list_sessions", tag = "account",
    responses(
        (status = 200, description = "The sessions that live.", body = SessionList),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_sessions(
    State(state): State<AccountState>,
    caller: Caller,
    _: NoParameters,
) -> Result<Response, Problem> {
    let sessions = &state.ports.sessions;
    let sessions = sessions.sessions(caller.account, state.clock.now()).await;
    let item = |session: Session| SessionItem {
        id: session.id,
        current: caller.session() == Some(session.id),
        created_at: session.created_at,
        used_at: session.used_at,
        expires_at: session.expires_at,
        user_agent: session.user_agent,
        address: session.address,
    };
    let items = sessions.map_err(store_failed)?.into_iter().map(item).collect();
    Ok(private(Json(SessionList { items }).into_response()))
}
