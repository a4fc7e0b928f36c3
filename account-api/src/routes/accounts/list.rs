//! `GET /v1/accounts`: accounts, for admins.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use http_kit::{
    Caller, FieldError, Json, Problem, ProblemDocument, ProblemType, QueryPairs, RequestOrigin,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ACCOUNTS, note_reading};
use crate::{
    failure::store_failed,
    query::wrong_names,
    representation::{AccountDocument, private},
    state::AccountState,
};

/// How many accounts a page has unless something else is asked.
const DEFAULT_LIMIT: u32 = 25;

/// The most accounts a page has. A larger wish is lowered to it, and said so.
const LIMIT_MAX: u32 = 100;

/// The parameters there are.
const PARAMETERS: [&str; 2] = ["limit", "cursor"];

/// A page of accounts, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountPage {
    /// The accounts.
    #[schema(max_items = 100)]
    items: Vec<AccountDocument>,
    /// The pages around this one.
    links: AccountLinks,
    /// How many the page was limited to, where more were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limit_applied: Option<u32>,
}

/// The pages around this one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountLinks {
    /// The first page.
    first: String,
    /// The next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// List accounts
///
/// In the order in which they were made; registrations that wait are among them. Reading is written in the audit
/// trail, before the answer.
#[utoipa::path(
    get, path = "/v1/accounts", operation_id = "list_accounts", tag = "accounts",
    params(
        ("limit" = Option<u32>, Query, description = "How many accounts, 25 if not said; 100 at most.", minimum = 1),
    ),
    responses(
        (status = 200, description = "A page of accounts.", body = AccountPage),
        (status = 400, description = "A parameter, or the cursor, is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_accounts(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    pairs: QueryPairs,
) -> Result<Response, Problem> {
    let Asked { limit, is_lowered, after } = read(&pairs)?;
    note_reading(&state, caller, origin, None).await?;
    // One more than is shown tells whether there are more.
    let page = state.ports.accounts.list(after, limit + 1).await;
    let mut accounts = page.map_err(store_failed)?;
    let has_more = accounts.len() > limit as usize;
    accounts.truncate(limit as usize);
    let last = accounts.last().filter(|_| has_more);
    let first = format!("{ACCOUNTS}?limit={limit}");
    let next = last.map(|last| format!("{first}&cursor={}", last.id.simple()));
    let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
    let links = AccountLinks { first, next };
    let limit_applied = is_lowered.then_some(LIMIT_MAX);
    let items = accounts.iter().map(AccountDocument::from).collect();
    let mut response = Json(AccountPage { items, links, limit_applied }).into_response();
    let link = link.and_then(|link| HeaderValue::from_str(&link).ok());
    response.headers_mut().extend(link.map(|link| (header::LINK, link)));
    Ok(private(response))
}

struct Asked {
    limit: u32,
    is_lowered: bool,
    after: Option<Uuid>,
}

fn read(pairs: &QueryPairs) -> Result<Asked, Problem> {
    let mut errors = wrong_names(pairs, &PARAMETERS);
    let given =
        |wanted: &str| pairs.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let limit = given("limit").map(|value| {
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        // What no number holds is more than there may be, all the same.
        is_number.then(|| value.parse().unwrap_or(u32::MAX)).filter(|limit: &u32| *limit > 0)
    });
    if limit == Some(None) {
        errors.push(FieldError::parameter("limit", "must be a whole number from 1"));
    }
    if !errors.is_empty() {
        return Err(Problem::new(ProblemType::InvalidParameter).errors(errors));
    }
    let after = given("cursor").map(|value| {
        value.parse().map_err(|_| {
            Problem::new(ProblemType::InvalidCursor)
                .error(FieldError::parameter("cursor", "is not from a link of another page"))
        })
    });
    let wish = limit.flatten().unwrap_or(DEFAULT_LIMIT);
    let (limit, is_lowered) = (wish.min(LIMIT_MAX), wish > LIMIT_MAX);
    Ok(Asked { limit, is_lowered, after: after.transpose()? })
}
