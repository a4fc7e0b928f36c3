//! `GET /v1/account/api-keys`: the keys that an account has made for machines.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http_kit::{Caller, Json, Problem, ProblemDocument};
use identity::api_keys::ApiKey;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    failure::store_failed, query::NoParameters, representation::private, state::AccountState,
};

pub(super) const PATH: &str = "/v1/account/api-keys";

/// The keys of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyList {
    /// The newest comes first; there are 50 at most.
    items: Vec<ApiKeyItem>,
}

/// A key. Its secret is shown once, when it is made.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyItem {
    /// As it stands in the key: `cinelog_key_{id without hyphens}_…`.
    pub(super) id: Uuid,
    /// What its owner calls it.
    #[schema(example = "nightly import")]
    pub(super) name: String,
    /// What it is good for, where its owner's role allows that.
    #[schema(example = json!(["catalogue:write"]))]
    pub(super) scopes: Vec<&'static str>,
    pub(super) created_at: Timestamp,
    /// When it is over, or was. `null`: never.
    #[schema(required)]
    pub(super) expires_at: Option<Timestamp>,
    /// When it was used last, within five minutes.
    #[schema(required)]
    pub(super) used_at: Option<Timestamp>,
}

impl From<ApiKey> for ApiKeyItem {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            used_at: key.used_at,
        }
    }
}

/// List one's API keys
#[utoipa::path(
    get, path = PATH, operation_id = "list_api_keys", tag = "account",
    responses(
        (status = 200, description = "The keys.", body = ApiKeyList),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_api_keys(
    State(state): State<AccountState>,
    caller: Caller,
    _: NoParameters,
) -> Result<Response, Problem> {
    let keys = state.ports.api_keys.keys(caller.account).await.map_err(store_failed)?;
    let items = keys.into_iter().map(ApiKeyItem::from).collect();
    Ok(private(Json(ApiKeyList { items }).into_response()))
}
