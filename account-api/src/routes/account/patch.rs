//! `PATCH /v1/account`: what one wants to be called.

use axum::{extract::State, response::Response};
use http::StatusCode;
use http_kit::{Caller, JsonBody, Problem, ProblemDocument, RequestOrigin};
use identity::accounts::{Changed, Changes, NotAName, check_name};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::{
    conditions::Conditions,
    failure::{invalid, last_admin, no_account, not_any_more, store_failed},
    query::NoParameters,
    representation::{AccountDocument, changed_meanwhile, shown},
    routes::accounts::entries,
    state::AccountState,
};

/// What is to be different (RFC 7396). Of what is left out, all stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountPatch {
    /// What one wants to be called; `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    name: Option<Option<String>>,
}

/// Tells `null` from nothing.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Change one's own account
#[utoipa::path(
    patch, path = "/v1/account", operation_id = "patch_account", tag = "account",
    request_body(content = AccountPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The account as it is now.", body = AccountDocument),
        (status = 404, description = "The credential belongs to no account here.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The account is not what a condition (`If-Match`) wants it to be.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The name is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn patch_account(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Problem> {
    let patch: AccountPatch = body.read()?;
    let mut changes = Changes::default();
    if let Some(name) = patch.name {
        let checked = name.map(|name| check_name(&name).ok_or(NotAName));
        changes.name = Some(checked.transpose().map_err(|wrong| invalid("/name", wrong))?);
    }
    let accounts = &state.ports.accounts;
    let account = accounts.account(caller.account).await.map_err(store_failed)?;
    let expected = conditions.of_change(&account.ok_or_else(no_account)?)?;
    let occasion = state.occasion(origin);
    let entries = entries(&state, &occasion, caller.account, caller);
    let changed = accounts.change(caller.account, expected, &changes, occasion.now, &entries).await;
    match changed.map_err(store_failed)? {
        Changed::Done(account) => Ok(shown(StatusCode::OK, &account)),
        Changed::Missing => Err(no_account()),
        Changed::Refused => Err(not_any_more()),
        Changed::LastAdmin => Err(last_admin()),
        Changed::Elsewhere(revision) => Err(changed_meanwhile(revision)),
    }
}
