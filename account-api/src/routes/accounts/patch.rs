//! `PATCH /v1/accounts/{id}`: what somebody may do, for admins.

use axum::{extract::State, response::Response};
use http::StatusCode;
use http_kit::{Caller, JsonBody, Path, Problem, ProblemDocument, RequestOrigin};
use identity::{
    Role,
    accounts::{Changed, Changes},
};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::entries;
use crate::{
    conditions::Conditions,
    failure::{invalid, last_admin, no_account, not_any_more, store_failed},
    query::NoParameters,
    representation::{AccountDocument, changed_meanwhile, shown},
    state::AccountState,
};

/// What is to be different. Of what is left out, all stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminPatch {
    /// What the account may do: `viewer`, `member`, `editor` or `admin`. Access tokens with another role are
    /// refused within seconds; its sessions get new ones.
    #[serde(default, deserialize_with = "there")]
    #[schema(nullable = false, example = "editor", pattern = "^(viewer|member|editor|admin)$")]
    role: Option<String>,
    /// Whether it may do nothing. All its sessions end.
    #[serde(default, deserialize_with = "there")]
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

/// What is given must be there: neither of the two can be taken away with `null`.
fn there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Change what an account may do
#[utoipa::path(
    patch, path = "/v1/accounts/{id}", operation_id = "patch_account_by_id", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")),
    request_body(content = AdminPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The account as it is now.", body = AccountDocument),
        (status = 400, description = "The id is none.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is the last admin who can log in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The account is not what a condition (`If-Match`) wants it to be.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "There is no such role.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn patch_account_by_id(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    Path(id): Path<Uuid>,
    _: NoParameters,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Problem> {
    let patch: AdminPatch = body.read()?;
    let role = patch.role.map(|role| role.parse::<Role>()).transpose();
    let role = role.map_err(|unknown| invalid("/role", unknown))?;
    let changes = Changes { name: None, role, disabled: patch.disabled };
    let accounts = &state.ports.accounts;
    let account = accounts.account(id).await.map_err(store_failed)?.ok_or_else(no_account)?;
    let expected = conditions.of_change(&account)?;
    let occasion = state.occasion(origin);
    let entries = entries(&state, &occasion, id, caller);
    let changed = accounts.change(id, expected, &changes, occasion.now, &entries).await;
    match changed.map_err(store_failed)? {
        Changed::Done(account) => {
            state.know_revoked().await;
            Ok(shown(StatusCode::OK, &account))
        }
        Changed::Missing => Err(no_account()),
        Changed::Refused => Err(not_any_more()),
        Changed::LastAdmin => Err(last_admin()),
        Changed::Elsewhere(revision) => Err(changed_meanwhile(revision)),
    }
}
