//! Refusals on their way into the audit trail, and where a request came from, as the trail has it.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath},
    response::Response,
};
use http::{Method, StatusCode, request::Parts};
use identity::{
    Identity,
    audit::{Entry, Kind, Origin, Refusals},
};

use crate::{
    ClientAddress, Clock, Problem, RequestContext,
    access::{AccessTable, Takes},
    context::NotBehindEdge,
    rate_limits::RefusedAt,
    request_log::{NO_ROUTE, method_label},
};

/// Where a request came from, and which one it is: what entries of the audit trail say of it. An extractor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestOrigin(pub Origin);

impl<S: Sync> FromRequestParts<S> for RequestOrigin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let context = parts.extensions.get::<RequestContext>();
        let context = context.ok_or_else(|| Problem::internal(NotBehindEdge))?;
        let client = parts.extensions.get::<ClientAddress>().copied();
        Ok(Self(Origin::new(client.map(ClientAddress::ip), &context.request_id)))
    }
}

/// On an answer: who was refused, where that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WhoWasRefused(pub(crate) Identity);

/// Hands refusals to the audit trail.
#[derive(Debug, Clone)]
pub(crate) struct RefusalNotes {
    pub(crate) refusals: Refusals,
    pub(crate) access: Arc<AccessTable>,
    pub(crate) clock: Clock,
}

impl RefusalNotes {
    /// Notes what was refused for want of a credential (401) or of a right (403), reads too; and commands that came
    /// too often (429). Reads that do are left out: they cost nothing but time, and crawlers meet that all day.
    /// Where a route takes anyone, its own handler refuses, and notes what there is to say; but for rate limits,
    /// which come before.
    pub(crate) fn note(
        &self,
        method: &Method,
        client: ClientAddress,
        context: &RequestContext,
        response: &Response,
    ) {
        let status = response.status();
        let extensions = response.extensions();
        let pattern = extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        let pattern = pattern.or(extensions.get().map(|RefusedAt(route)| route.as_str()));
        let takes = pattern.and_then(|pattern| self.access.of_route(method, pattern));
        let takes_anyone = takes.is_some_and(|row| row.takes == Takes::Anyone);
        let is_by_rate = extensions.get::<RefusedAt>().is_some();
        if !is_noted(status, method, takes_anyone, is_by_rate) {
            return;
        }
        let origin = Origin::new(Some(client.ip()), &context.request_id);
        let entry = Entry::new(self.clock.new_id(), self.clock.now(), Kind::Refused).from(&origin);
        let route = pattern.unwrap_or(NO_ROUTE);
        let mut entry = entry.request(method_label(method), route, status.as_u16());
        if let Some(WhoWasRefused(identity)) = extensions.get() {
            entry = entry.by(identity.account);
        }
        self.refusals.offer(entry);
    }
}

fn is_noted(status: StatusCode, method: &Method, takes_anyone: bool, is_by_rate: bool) -> bool {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => !takes_anyone,
        StatusCode::TOO_MANY_REQUESTS => {
            (is_by_rate || !takes_anyone) && !matches!(*method, Method::GET | Method::HEAD)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_handler_notes_itself_is_not_noted_again() {
        let post = |status, takes_anyone, is_by_rate| {
            is_noted(status, &Method::POST, takes_anyone, is_by_rate)
        };
        // A log-in that is locked out, and one that is too often.
        assert!(!post(StatusCode::TOO_MANY_REQUESTS, true, false));
        assert!(post(StatusCode::TOO_MANY_REQUESTS, true, true));
        assert!(post(StatusCode::TOO_MANY_REQUESTS, false, false));
        assert!(!is_noted(StatusCode::TOO_MANY_REQUESTS, &Method::GET, false, true));
        for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
            assert!(is_noted(status, &Method::GET, false, false), "reads too");
            assert!(!post(status, true, false) && post(status, false, false));
        }
        assert!(!post(StatusCode::NOT_FOUND, false, false));
    }
}
