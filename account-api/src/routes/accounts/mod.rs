//! Accounts: registering, and what admins do with those of others.

mod delete;
mod get;
mod list;
mod patch;
mod register;

use http_kit::{
    Caller, Problem,
    access::{RateGroup, Role, Row, Scope, Takes},
};
use identity::{
    accounts::{Administered, Erased, Occasion},
    audit::{Entry, Kind, Origin},
};
use utoipa_axum::{router::OpenApiRouter, routes as methods};
use uuid::Uuid;

use crate::{
    conditions::Conditions,
    failure::{last_admin, not_any_more, store_failed},
    representation::changed_meanwhile,
    state::AccountState,
};

const ACCOUNTS: &str = "/v1/accounts";
const ONE: &str = "/v1/accounts/{id}";

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    const ADMIN: Takes = Takes::caller(Role::Admin, Scope::AccountsAdmin);
    vec![
        Row::post(ACCOUNTS, Takes::Anyone, RateGroup::Registration),
        Row::get(ACCOUNTS, ADMIN, RateGroup::Account),
        Row::get(ONE, ADMIN, RateGroup::Account),
        Row::patch(ONE, ADMIN, RateGroup::Account),
        Row::delete(ONE, ADMIN, RateGroup::Account),
    ]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new().routes(methods!(register::register_account, list::list_accounts)).routes(
        methods!(get::get_account_by_id, patch::patch_account_by_id, delete::delete_account_by_id),
    )
}

/// Writes down that somebody reads accounts, or this one: before they do.
async fn note_reading(
    state: &AccountState,
    reader: Caller,
    origin: Origin,
    account: Option<Uuid>,
) -> Result<(), Problem> {
    let entry = Entry::new(state.clock.new_id(), state.clock.now(), Kind::AccountsRead);
    let entry = entry.by(reader.account).from(&origin);
    let entry = account.into_iter().fold(entry, Entry::about);
    state.ports.audit.record(&[entry]).await.map_err(store_failed)
}

/// Who changes `account`, and what is written down of it.
pub(super) fn entries(
    state: &AccountState,
    occasion: &Occasion,
    account: Uuid,
    actor: Caller,
) -> Administered {
    let entry = |id, kind| {
        Entry::new(id, occasion.now, kind).about(account).by(actor.account).from(&occasion.origin)
    };
    Administered {
        by: Some(actor.0),
        role_changed: entry(occasion.entry, Kind::RoleChanged),
        disabled: entry(state.clock.new_id(), Kind::Disabled),
        enabled: entry(state.clock.new_id(), Kind::Enabled),
    }
}

/// Erases an account that is as `conditions` want it. Gives whether it was there: what is not there is gone,
/// whatever it should have been (RFC 9110 section 13.1.1 allows that).
pub(super) async fn erase(
    state: &AccountState,
    account: Uuid,
    conditions: &Conditions,
    actor: Caller,
    origin: Origin,
) -> Result<bool, Problem> {
    let accounts = &state.ports.accounts;
    let expected = match accounts.account(account).await.map_err(store_failed)? {
        Some(there) => conditions.of_change(&there)?,
        None => None,
    };
    let now = state.clock.now();
    let entry = Entry::new(state.clock.new_id(), now, Kind::Erased);
    let entry = entry.about(account).by(actor.account);
    // Of who erased themselves, not even from where.
    let entry = if account == actor.account { entry } else { entry.from(&origin) };
    let erased = accounts.erase(account, expected, Some(&actor.0), now, &entry).await;
    match erased.map_err(store_failed)? {
        Erased::Done => {
            state.know_revoked().await;
            Ok(true)
        }
        Erased::Missing => Ok(false),
        Erased::Elsewhere(revision) => Err(changed_meanwhile(revision)),
        Erased::Refused => Err(not_any_more()),
        Erased::LastAdmin => Err(last_admin()),
    }
}
