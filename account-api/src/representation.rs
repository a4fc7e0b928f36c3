//! An account, as it is shown to its owner and to admins.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use http_kit::{ETag, Json, Problem, ProblemType};
use identity::accounts::Account;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountDocument {
    /// Opaque: what ratings and the audit trail know.
    id: Uuid,
    /// Grows with every change.
    revision: u64,
    /// The address, as its owner writes it, with the domain in ASCII. `null` where a provider told none.
    #[schema(required, example = "ada@films.example")]
    email: Option<String>,
    /// Whether it was shown that mail to it reaches its owner.
    email_verified: bool,
    /// What its owner wants to be called.
    #[schema(required, example = "Ada")]
    name: Option<String>,
    /// What it may do: `viewer`, `member`, `editor` or `admin`.
    #[schema(example = "member")]
    role: &'static str,
    /// Whether it is a registration that waits for its verification.
    waiting: bool,
    /// Whether it may do nothing.
    disabled: bool,
    /// Whether there is a password to log in with.
    has_password: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&Account> for AccountDocument {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            revision: account.revision,
            email: account.email.clone(),
            email_verified: account.email_verified_at.is_some(),
            name: account.name.clone(),
            role: account.role.as_str(),
            waiting: !account.is_active,
            disabled: account.disabled_at.is_some(),
            has_password: account.has_password,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// What a device shows at its next log-in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceDocument {
    /// Send it along with the next log-in from this device: failed tries of strangers do not count for it.
    pub(crate) device_token: String,
}

/// An account with its tag. No cache may keep it.
pub(crate) fn shown(status: StatusCode, account: &Account) -> Response {
    let mut response = (status, Json(AccountDocument::from(account))).into_response();
    response.headers_mut().insert(header::ETAG, tag(account.revision).header_value());
    private(response)
}

/// What is somebody's own, and in no cache, not even in an old one's (RFC 6749 section 5.1).
pub(crate) fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// 412: it is another revision.
pub(crate) fn changed_meanwhile(revision: u64) -> Problem {
    Problem::new(ProblemType::PreconditionFailed)
        .detail(format!("The account is at revision {revision}."))
        .with("current_revision", revision.into())
}

/// The tag of an account at this revision.
pub(crate) fn tag(revision: u64) -> ETag {
    ETag::strong(format!("r{revision}"))
}
