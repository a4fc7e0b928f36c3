//! What a failure of the identity store is for whoever asks.

use http::{HeaderValue, header};
use http_kit::{FieldError, Problem, ProblemType, refused};
use identity::{TokenError, lockout::Blocked, store::StoreError};
use jiff::Timestamp;

/// How long to wait before it is tried again, in seconds.
const RETRY_AFTER_S: u16 = 2;

/// 503 where it may go well later, 500 where it will not. The reason goes into the log only.
pub(crate) fn store_failed(error: StoreError) -> Problem {
    if !error.is_transient() {
        return Problem::internal(error);
    }
    Problem::new(ProblemType::Unavailable)
        .header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S))
        .detail("Accounts cannot be reached at the moment.")
        .caused_by(error)
}

/// 429 where too many tries have failed. Whose, is not said: it is the same for names that nobody has.
pub(crate) fn blocked(blocked: Blocked, now: Timestamp) -> Problem {
    // Rounded up: who comes at that second is not refused again.
    let seconds = (blocked.until.as_second() - now.as_second() + 1).max(1);
    Problem::new(ProblemType::QuotaExceeded)
        .header(header::RETRY_AFTER, HeaderValue::from(seconds))
        .detail("Too many tries have failed. Wait before the next, or reset the password by mail.")
        .with("violated-policies", vec!["log-in-tries"].into())
}

/// 503 where too many passwords wait to be hashed.
pub(crate) fn busy() -> Problem {
    Problem::new(ProblemType::Unavailable)
        .header(header::RETRY_AFTER, HeaderValue::from(1))
        .detail("Too many passwords are being looked at.")
}

/// 422 for a field of the body.
pub(crate) fn invalid(pointer: &str, error: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemType::ValidationFailed)
        .error(FieldError::pointer(pointer, error.to_string()))
}

/// 401 where the credential was good when it was looked at, and is not any more.
pub(crate) fn not_any_more() -> Problem {
    refused(&TokenError::Revoked)
}

/// 409 for what would leave no admin who can log in.
pub(crate) fn last_admin() -> Problem {
    Problem::new(ProblemType::Conflict).detail(
        "This is the last admin who can log in. Make somebody else one before, or use `cinelog account` beside \
         the server.",
    )
}

/// 404 for an account that is not there.
pub(crate) fn no_account() -> Problem {
    Problem::new(ProblemType::NotFound).detail("There is no such account.")
}
