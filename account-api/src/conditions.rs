//! Preconditions (RFC 9110 section 13.1): what must be so for a request to be carried out.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header, request::Parts};
use http_kit::{
    FieldError, IfMatch, IfNoneMatch, Problem, ProblemType, if_match, if_none_match,
    if_unmodified_since,
};
use identity::accounts::Account;
use jiff::Timestamp;

use crate::representation::{changed_meanwhile, private, shown, tag};

/// The preconditions of a request about an account. An extractor; it rejects with 400 that names a header which
/// breaks its grammar.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    if_match: Option<IfMatch>,
    if_none_match: Option<IfNoneMatch>,
    if_unmodified_since: Option<Timestamp>,
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self {
            if_match: if_match(&parts.headers)?,
            if_none_match: if_none_match(&parts.headers)?,
            if_unmodified_since: if_unmodified_since(&parts.headers),
        })
    }
}

impl Conditions {
    /// The revision that a change is meant for: that of `account`, where the request says anything about it.
    ///
    /// # Errors
    /// 412 where it is meant for another.
    pub(crate) fn of_change(&self, account: &Account) -> Result<Option<u64>, Problem> {
        if !self.is_meant(account) || self.is_ruled_out(account) {
            return Err(changed_meanwhile(account.revision));
        }
        let is_conditional = self.if_match.is_some()
            || self.if_none_match.is_some()
            || self.if_unmodified_since.is_some();
        Ok(is_conditional.then_some(account.revision))
    }

    /// The account, or 304 where the client has it.
    ///
    /// # Errors
    /// 412 where another revision is wanted.
    pub(crate) fn of_read(&self, account: &Account) -> Result<Response, Problem> {
        if !self.is_meant(account) {
            return Err(changed_meanwhile(account.revision));
        }
        if self.is_ruled_out(account) {
            let etag = [(header::ETAG, tag(account.revision).header_value())];
            return Ok(private((StatusCode::NOT_MODIFIED, etag).into_response()));
        }
        Ok(shown(StatusCode::OK, account))
    }

    fn is_meant(&self, account: &Account) -> bool {
        let current = tag(account.revision);
        let is_unmodified = |since: Timestamp| {
            // HTTP counts whole seconds.
            account.updated_at.as_second() <= since.as_second()
        };
        self.if_match.as_ref().is_none_or(|wanted| wanted.holds(Some(&current)))
            && self.if_unmodified_since.is_none_or(is_unmodified)
    }

    /// Whether this is what the client has, or wants not to be there.
    fn is_ruled_out(&self, account: &Account) -> bool {
        let current = tag(account.revision);
        self.if_none_match.as_ref().is_some_and(|unwanted| !unwanted.holds(Some(&current)))
    }
}

/// That no version is asked for, where there are none: of what has no `ETag`. An extractor; it rejects `If-Match`
/// with 412, since it holds for nothing here. The other conditions hold for what has neither a tag nor a date.
#[derive(Debug)]
pub(crate) struct NoVersion;

impl<S: Sync> FromRequestParts<S> for NoVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.headers.contains_key(header::IF_MATCH) {
            false => Ok(Self),
            true => Err(Problem::new(ProblemType::PreconditionFailed).error(FieldError::header(
                "If-Match",
                "must be left out: what this is about has no ETag",
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use identity::Role;
    use uuid::Uuid;

    use super::*;

    fn account() -> Account {
        Account {
            id: Uuid::nil(),
            email: None,
            email_verified_at: None,
            name: None,
            role: Role::Member,
            is_active: true,
            has_password: false,
            disabled_at: None,
            revision: 3,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: "2026-01-02T03:04:05.9Z".parse().unwrap(),
        }
    }

    async fn with(name: &str, value: &str) -> Result<Conditions, Problem> {
        let (mut parts, ()) = Request::builder().header(name, value).body(()).unwrap().into_parts();
        Conditions::from_request_parts(&mut parts, &()).await
    }

    async fn changes(name: &str, value: &str) -> Result<Option<u64>, u16> {
        let changed = with(name, value).await.unwrap().of_change(&account());
        changed.map_err(|problem| problem.problem_type().status().as_u16())
    }

    #[tokio::test]
    async fn a_change_is_made_to_what_it_is_meant_for_and_to_nothing_else() {
        assert_eq!(Conditions::default().of_change(&account()).unwrap(), None);
        for (name, value) in [
            ("if-match", "\"r3\""),
            ("if-match", "\"r2\", \"r3\""),
            ("if-match", "*"),
            ("if-none-match", "\"r2\""),
            ("if-unmodified-since", "Fri, 02 Jan 2026 03:04:05 GMT"),
        ] {
            assert_eq!(changes(name, value).await, Ok(Some(3)), "{name}: {value}");
        }
        for (name, value) in [
            ("if-match", "\"r99\""),
            ("if-match", "W/\"r3\""),
            ("if-none-match", "*"),
            ("if-none-match", "W/\"r3\""),
            ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            assert_eq!(changes(name, value).await, Err(412), "{name}: {value}");
        }
    }

    #[tokio::test]
    async fn what_a_client_has_is_not_sent_again() {
        let read = async |name, value| with(name, value).await.unwrap().of_read(&account());
        let known = read("if-none-match", "\"r3\"").await.unwrap();
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(known.headers()[header::ETAG], "\"r3\"");
        assert_eq!(known.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(read("if-none-match", "\"r2\"").await.unwrap().status(), StatusCode::OK);
        assert!(read("if-match", "\"r2\"").await.is_err());
    }

    #[tokio::test]
    async fn a_condition_that_cannot_be_read_is_refused() {
        assert!(
            with("if-match", "r3").await.is_err() && with("if-none-match", "r3").await.is_err()
        );
    }
}
