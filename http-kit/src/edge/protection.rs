//! Headers that tell browsers what they must not do with an answer (OWASP's cheat sheets of REST security and
//! of HTTP headers). An answer is data: it is not run, framed, guessed at or embedded elsewhere.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Where a page may be embedded (Fetch standard, section 3.7).
pub(crate) const RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Puts them on an answer. What a handler says itself stands: pages of documentation need more.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        // For browsers that do not know the policy above.
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
