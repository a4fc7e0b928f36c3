//! The types of problems there are: a closed list, each documented under `/problems/{slug}`.

use http::StatusCode;

/// Declares [`ProblemType`] once: variant, status, slug, title and documentation of each.
macro_rules! problem_types {
    ($($name:ident = $status:ident, $slug:literal, $title:literal, $documentation:literal;)+) => {
        /// What kind of failure it is. Clients decide by this, never by the text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemType {
            $(#[doc = $documentation] $name),+
        }

        impl ProblemType {
            /// Every type, by status.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The last part of the type's address, `/problems/{slug}`. It never changes.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),+ }
            }

            /// A short summary, the same every time.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// The status it is answered with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// A paragraph on what it means and what a client can do about it.
            #[must_use]
            pub fn documentation(self) -> &'static str {
                match self { $(Self::$name => $documentation),+ }
            }
        }
    };
}

/// Where types of problems are registered that are everybody's (RFC 9457 section 4.2).
const REGISTERED: &str = "https://iana.org/assignments/http-problem-types";

problem_types! {
    MalformedRequest = BAD_REQUEST, "malformed-request", "The request cannot be read",
        "The request is not what its format demands: the body is not JSON, a name occurs twice in an \
         object, or a header breaks its grammar. Correct the request; sending it again unchanged \
         fails again.";
    InvalidParameter = BAD_REQUEST, "invalid-parameter", "A parameter is not valid",
        "A part of the address is unknown or has a bad value. `errors` names each parameter and says \
         what there is.";
    InvalidCursor = BAD_REQUEST, "invalid-cursor", "The cursor is not valid",
        "A cursor leads on only in the list that it came from: same filters, same order, same server. \
         This one was changed, has been cut off, or belongs to another list. Start again from the \
         first page.";
    InvalidGrant = BAD_REQUEST, "invalid-grant", "What was shown gives no token",
        "`error` is what RFC 6749 calls it: `invalid_grant` where the refresh token or code is none of this \
         server's, or its session has ended, is over, or was ended because an old token was shown again; \
         `unsupported_grant_type` where nothing is given for what was asked for. Log in again.";
    SignInFailed = BAD_REQUEST, "sign-in-failed", "Nobody was signed in",
        "A provider sent the browser back, and nobody is signed in by that. `reason` says why: \
         `unknown_login` (the sign-in was not begun here, is over, was used already, or was begun in another \
         browser), `refused_by_provider`, `not_believed` (what the provider said does not hold), `disabled` \
         (the account may not be used). Begin again at `/v1/login/{provider}`.";
    Unauthorized = UNAUTHORIZED, "unauthorized", "A valid token is needed",
        "The request carries no access token, or one that is malformed, expired or not signed by this \
         server. `WWW-Authenticate` says which. Send a valid one as `Authorization: Bearer TOKEN`.";
    Forbidden = FORBIDDEN, "forbidden", "The token does not allow this",
        "The token is valid, but does not allow this. `required_role` and `required_scope` say what is \
         needed: an account with at least that role, and a token that was made for that scope.";
    NotFound = NOT_FOUND, "not-found", "There is no such thing",
        "Nothing stands under this address: it was never there, or it has been deleted.";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here",
        "The address exists, but not for this method. `Allow` lists the methods that it has.";
    NotAcceptable = NOT_ACCEPTABLE, "not-acceptable", "No acceptable representation",
        "`Accept` rules out all that this server can send: `application/json` and \
         `application/vnd.cinelog.v1+json`.";
    RequestTimeout = REQUEST_TIMEOUT, "request-timeout", "The request took too long to arrive",
        "The body did not arrive in time. Send it again, faster or in smaller parts.";
    Conflict = CONFLICT, "conflict", "The request contradicts what is",
        "The request is valid, but contradicts the present state. Read the resource again and decide \
         anew.";
    RequestInFlight = CONFLICT, "request-in-flight", "The same request is being worked on",
        "A request with this `Idempotency-Key` has not been answered yet. Wait as long as `Retry-After` \
         says, then repeat it: the answer will be the first one's.";
    PreconditionFailed = PRECONDITION_FAILED, "precondition-failed", "A precondition does not hold",
        "`If-Match`, `If-None-Match`, `If-Unmodified-Since` or `expected_version` does not fit the \
         present state: somebody else was faster. `current_revision` and `events` tell what happened in between, so that the \
         change can be made anew on top of it.";
    PayloadTooLarge = PAYLOAD_TOO_LARGE, "payload-too-large", "The body is too large",
        "The body is larger than this server accepts. Send less at once.";
    UriTooLong = URI_TOO_LONG, "uri-too-long", "The address is too long",
        "The address is longer than this server accepts. Use fewer or shorter parameters.";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type",
        "The body's format is not understood",
        "`Content-Type` or `Content-Encoding` of the request is missing or names a format that is not \
         understood here. `Accept` or `Accept-Patch` of the answer lists the ones that are.";
    RangeNotSatisfiable = RANGE_NOT_SATISFIABLE, "range-not-satisfiable",
        "The range lies past the end",
        "`Range` asks for items past the end of the list. `Content-Range` says how many there are.";
    Misdirected = MISDIRECTED_REQUEST, "misdirected", "This server does not do that",
        "The address is right, but this server has another role: it takes commands and the request is a \
         read, or the other way round. Nothing was done. Send the request to a server of the other role, \
         or to the address that stands for all of them.";
    ValidationFailed = UNPROCESSABLE_ENTITY, "validation-failed", "The content is not valid",
        "The body can be read, but not all of it is valid. `errors` names each field by a JSON Pointer \
         and says what it must be.";
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency-key-reused",
        "The idempotency key belongs to another request",
        "This `Idempotency-Key` was used before, with another method, address or body. Make a new key \
         for each new request, and repeat a request only unchanged.";
    PreconditionRequired = PRECONDITION_REQUIRED, "precondition-required",
        "The request must be conditional",
        "This server wants `If-Match` with every change, so that no change is lost. Read the resource, \
         and send its `ETag` along, or its `revision` as `expected_version` in the body.";
    QuotaExceeded = TOO_MANY_REQUESTS, "quota-exceeded",
        "Request cannot be satisfied as assigned quota has been exceeded",
        "More was asked than is let in within a window of time. `violated-policies` names the policies that \
         have no room, `RateLimit-Policy` says how much each lets in (`q` in `w` seconds), and `RateLimit` \
         what is left (`r`) and in how many seconds it is whole again (`t`). Wait as long as `Retry-After` \
         says: what is refused takes nothing, and waiting less is of no use.";
    HeadTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", "The head is too large",
        "The headers of the request are too many, or too long: this server reads 100 of them, and 64 KiB \
         together with the address. Send fewer.";
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong here",
        "The server failed; the request is not to blame. It may be repeated with the same \
         `Idempotency-Key`. Whoever runs the server finds the reason in its log under `request_id`.";
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "Not available at the moment",
        "The server, or something it depends on, is overloaded or down. Repeat the request after the \
         time that `Retry-After` says.";
    NotCaughtUp = SERVICE_UNAVAILABLE, "not-caught-up", "The read model is not that far yet",
        "The read asked for a state at least as new as `Cinelog-Min-Position`, and the read model did \
         not reach it in time. Repeat the request after the time that `Retry-After` says, or allow more \
         time with `Prefer: wait=N`.";
}

impl ProblemType {
    /// The `type` member: the address of the documentation, relative to the server; of a type that others have
    /// registered, theirs.
    #[must_use]
    pub fn uri(self) -> String {
        match self {
            // draft-ietf-httpapi-ratelimit-headers-11, section "Quota Exceeded".
            Self::QuotaExceeded => format!("{REGISTERED}#{}", self.slug()),
            _ => self.page(),
        }
    }

    /// The address of its page.
    #[must_use]
    pub fn page(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// The most general type of a status, for failures that come without one of their own.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let general = Self::ALL.iter().copied().find(|kind| kind.status() == status);
        match general {
            Some(kind) => kind,
            None if status.is_server_error() => Self::Internal,
            None => Self::MalformedRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn slugs_are_unique_and_fit_an_address() {
        let slugs: HashSet<_> = ProblemType::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemType::ALL.len());
        let plain = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(slugs.iter().all(|slug| slug.chars().all(plain)));
    }

    #[test]
    fn every_type_is_a_failure_and_is_documented() {
        for kind in ProblemType::ALL {
            assert!(kind.status().as_u16() >= 400, "{kind:?}");
            assert!(
                kind.documentation().ends_with('.') && !kind.title().ends_with('.'),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_bare_status_has_the_most_general_type_of_that_status() {
        assert_eq!(ProblemType::of_status(StatusCode::NOT_FOUND), ProblemType::NotFound);
        assert_eq!(ProblemType::of_status(StatusCode::CONFLICT), ProblemType::Conflict);
        assert_eq!(
            ProblemType::of_status(StatusCode::SERVICE_UNAVAILABLE),
            ProblemType::Unavailable
        );
        assert_eq!(ProblemType::of_status(StatusCode::BAD_GATEWAY), ProblemType::Internal);
        assert_eq!(ProblemType::of_status(StatusCode::GONE), ProblemType::MalformedRequest);
    }
}
