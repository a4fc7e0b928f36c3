//! Entries of the trail, as they are shown.

use http_kit::encode_component;
use identity::audit::Recorded;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of the audit trail, the newest entries first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The entries.
    #[schema(max_items = 100)]
    pub(super) items: Vec<AuditEntry>,
    /// The pages around this one.
    pub(super) links: AuditLinks,
    /// How many entries the page was limited to, where more were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 100)]
    pub(super) limit_applied: Option<u32>,
}

/// What was done, or refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    id: Uuid,
    /// When; of several times, the first.
    at: jiff::Timestamp,
    /// What: `sign_in`, `sign_in_refused`, `sign_out`, `registered`, `verified`, `password_changed`,
    /// `password_reset`, `role_changed`, `disabled`, `enabled`, `key_created`, `key_revoked`,
    /// `session_revoked`, `refresh_reused`, `provider_linked`, `erased`, `refused` or `audit_read`. More
    /// may come.
    #[schema(example = "role_changed")]
    kind: String,
    /// How it ended: `done` or `refused`.
    #[schema(example = "done")]
    outcome: String,
    /// Whose account it is about.
    #[schema(required)]
    account: Option<Uuid>,
    /// Who did it. Not there where nobody knows, and where it was done on the command line.
    #[schema(required)]
    actor: Option<Uuid>,
    /// The address of the client. It goes when the account, or the actor, is erased.
    #[schema(required, example = "192.0.2.7")]
    address: Option<String>,
    /// The id of the request. It goes with the address.
    #[schema(required)]
    request_id: Option<String>,
    /// How often the very same was done within about a minute.
    #[schema(minimum = 1)]
    times: u32,
    /// What is known besides.
    details: AuditDetails,
}

/// What is known besides: each only where the kind has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditDetails {
    /// The role before a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    role_before: Option<String>,
    /// The role from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    role: Option<String>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session: Option<Uuid>,
    /// The API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<Uuid>,
    /// The OpenID provider, by its name in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider: Option<String>,
    /// The method of a refused request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    method: Option<String>,
    /// Its route: the pattern, not the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/v1/movies/{id}")]
    route: Option<String>,
    /// The status of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 403)]
    status: Option<u16>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl From<Recorded> for AuditEntry {
    fn from(entry: Recorded) -> Self {
        let text = |text: Option<std::borrow::Cow<'static, str>>| text.map(String::from);
        let details = entry.details;
        Self {
            id: entry.id,
            at: entry.at,
            kind: entry.kind,
            outcome: entry.outcome,
            account: entry.account,
            actor: entry.actor,
            address: entry.address,
            request_id: entry.request_id,
            times: entry.times,
            details: AuditDetails {
                role_before: text(details.role_before),
                role: text(details.role),
                session: details.session,
                key: details.key,
                provider: text(details.provider),
                method: text(details.method),
                route: text(details.route),
                status: details.status,
                reason: text(details.reason),
            },
        }
    }
}

/// Where this page, the first and the next one are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLinks {
    /// This page.
    #[serde(rename = "self")]
    #[schema(format = "uri-reference")]
    this: String,
    /// The newest entries.
    #[schema(format = "uri-reference")]
    first: String,
    /// Older entries than these.
    #[schema(required, format = "uri-reference")]
    next: Option<String>,
}

impl AuditLinks {
    /// The links of a page that was asked for with `pairs`; `next` is a cursor.
    pub(super) fn new(path: &str, pairs: &[(String, String)], next: Option<&str>) -> Self {
        let each = || pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let list = || each().filter(|(name, _)| *name != "cursor");
        Self {
            this: address(path, each()),
            first: address(path, list()),
            next: next.map(|cursor| address(path, list().chain([("cursor", cursor)]))),
        }
    }

    /// The links as the value of `Link` (RFC 8288).
    pub(super) fn header(&self) -> String {
        let mut links = format!("<{}>; rel=\"self\", <{}>; rel=\"first\"", self.this, self.first);
        if let Some(next) = &self.next {
            links.push_str(&format!(", <{next}>; rel=\"next\""));
        }
        links
    }
}

fn address<'a>(path: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode_component(name), encode_component(value)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
