//! `GET /v1/audit`: who did what, and what was refused.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header};
use http_kit::{Caller, Json, Problem, ProblemDocument, QueryPairs, RequestOrigin};
use identity::audit::{Entry, Kind};

use super::{
    cursor,
    query::{self, LIMIT_MAX},
    representation::{AuditEntry, AuditLinks, AuditPage},
};
use crate::{failure::store_failed, state::AccountState};

pub(super) const PATH: &str = "/v1/audit";

/// Says that a page was limited to fewer entries than were asked for, and to how many.
const LIMIT_APPLIED: HeaderName = HeaderName::from_static("cinelog-limit-applied");

/// Read the audit trail
///
/// The newest entries first. Reading is written down itself, before the answer: the trail says where people
/// come from, so whoever reads it leaves a trace in it. Filters are strict: an unknown parameter or a bad
/// value is 400, and says what there is.
#[utoipa::path(
    get, path = PATH, operation_id = "list_audit", tag = "audit",
    params(
        ("kind" = Option<String>, Query, description = "Only entries of this kind.", pattern = "^(sign_in|sign_in_refused|sign_out|registered|verified|password_changed|password_reset|role_changed|disabled|enabled|key_created|key_revoked|session_revoked|refresh_reused|provider_linked|erased|refused|audit_read|accounts_read)$"),
        ("outcome" = Option<String>, Query, description = "Only entries that ended so: `done` or `refused`.", pattern = "^(done|refused)$"),
        ("account" = Option<uuid::Uuid>, Query, description = "Only entries about this account."),
        ("actor" = Option<uuid::Uuid>, Query, description = "Only what this account did."),
        ("since" = Option<jiff::Timestamp>, Query, description = "Only entries from this time on."),
        ("until" = Option<jiff::Timestamp>, Query, description = "Only entries from before this time."),
        ("limit" = Option<u32>, Query, description = "How many entries, 25 if not said; 100 at most.", minimum = 1),
    ),
    responses(
        (status = 200, description = "A page of entries.", body = AuditPage),
        (status = 400, description = "A parameter, or the cursor, is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_audit(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    pairs: QueryPairs,
) -> Result<Response, Problem> {
    let asked = query::read(&pairs)?;
    let read = Entry::new(state.clock.new_id(), state.clock.now(), Kind::AuditRead);
    let mut read = read.by(caller.account).from(&origin);
    if let Some(account) = asked.filter.account {
        read = read.about(account);
    }
    let trail = &state.ports.audit;
    trail.record(&[read]).await.map_err(store_failed)?;
    // One more than is shown tells whether there are more.
    let page = trail.page(&asked.filter, asked.after, asked.limit + 1).await;
    let mut entries = page.map_err(store_failed)?;
    let has_more = entries.len() > asked.limit as usize;
    entries.truncate(asked.limit as usize);
    let last = entries.last().filter(|_| has_more);
    let next = last.map(|last| cursor::seal(last.place(), &asked.filter));
    let links = AuditLinks::new(PATH, &pairs.0, next.as_deref());
    let link = HeaderValue::from_str(&links.header()).ok();
    let limit_applied = asked.is_lowered.then_some(LIMIT_MAX);
    let items = entries.into_iter().map(AuditEntry::from).collect();
    let mut response = Json(AuditPage { items, links, limit_applied }).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(link.map(|link| (header::LINK, link)));
    headers.extend(limit_applied.map(|limit| (LIMIT_APPLIED, HeaderValue::from(limit))));
    Ok(response)
}
