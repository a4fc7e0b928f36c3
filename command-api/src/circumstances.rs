//! What surrounds a command: who gives it, in which request, and under which conditions.

use axum::extract::FromRequestParts;
use events::{AccountId, Metadata};
use http::request::Parts;
use http_kit::{
    Caller, FieldError, Problem, ProblemType, QueryPairs, RequestContext, unknown_parameter,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{idempotency::IdempotentRequest, precondition::Preconditions};

/// What surrounds a command.
#[derive(Debug)]
pub(crate) struct Circumstances {
    pub(crate) account: AccountId,
    pub(crate) context: RequestContext,
    pub(crate) preconditions: Preconditions,
    pub(crate) idempotency: Option<IdempotentRequest>,
    /// Whether to say what would happen rather than do it.
    pub(crate) dry_run: bool,
}

impl Circumstances {
    /// The same with a body, which tells a repetition from another request with the same key.
    pub(crate) fn with_body(mut self, body: &Value) -> Self {
        self.idempotency = self.idempotency.map(|request| request.with_body(body));
        self
    }

    /// The same where the body says which version it is about.
    pub(crate) fn expecting(mut self, version: Option<u64>) -> Self {
        self.preconditions.expected_version = version;
        self
    }

    /// What its events carry.
    pub(crate) fn metadata(&self, recorded_at: Timestamp) -> Metadata {
        Metadata {
            recorded_at,
            actor: Some(self.account),
            correlation_id: Some(self.context.request_id.clone()),
            causation_id: None,
            traceparent: self.context.traceparent.clone(),
            idempotency_key: self
                .idempotency
                .as_ref()
                .map(|request| request.client_key().to_owned()),
        }
    }
}

/// The circumstances of a command. An extractor.
pub(crate) struct CommandFrom {
    pub(crate) circumstances: Circumstances,
}

impl<S: Sync> FromRequestParts<S> for CommandFrom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let account = AccountId(Caller::from_request_parts(parts, state).await?.account);
        let context = RequestContext::from_request_parts(parts, state).await?;
        let query = QueryPairs::from_request_parts(parts, state).await?;
        let circumstances = Circumstances {
            account,
            context,
            preconditions: Preconditions::of(&parts.headers)?,
            idempotency: IdempotentRequest::of(parts, account)?,
            dry_run: dry_run(&query)?,
        };
        Ok(Self { circumstances })
    }
}

/// `dry_run`, for the OpenAPI document.
pub(crate) struct DryRunParameter;

/// The one parameter that commands have.
const DRY_RUN: &str = "dry_run";

/// Whether it is a trial. Other parameters are refused, since one that is misspelled would
/// otherwise make a trial the real thing.
fn dry_run(QueryPairs(pairs): &QueryPairs) -> Result<bool, Problem> {
    let mut dry_run = None;
    let mut errors = Vec::new();
    for (name, value) in pairs {
        let error = match (name.as_str(), value.as_str()) {
            (DRY_RUN, _) if dry_run.is_some() => FieldError::parameter(name, "must be given once"),
            (DRY_RUN, "true" | "false") => {
                dry_run = Some(value == "true");
                continue;
            }
            (DRY_RUN, _) => FieldError::parameter(name, "must be true or false"),
            _ => unknown_parameter(name, &[DRY_RUN]),
        };
        // However often it is there, it is said once.
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    if errors.is_empty() {
        return Ok(dry_run.unwrap_or_default());
    }
    Err(Problem::new(ProblemType::InvalidParameter).errors(errors))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<bool, usize> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        dry_run(&QueryPairs(pairs.collect())).map_err(|problem| problem.field_errors().len())
    }

    #[test]
    fn a_dry_run_is_asked_for_in_so_many_words() {
        assert_eq!(read(&[]), Ok(false));
        assert_eq!(read(&[("dry_run", "true")]), Ok(true));
        assert_eq!(read(&[("dry_run", "false")]), Ok(false));
    }

    #[test]
    fn everything_else_in_the_query_is_refused() {
        assert_eq!(read(&[("dry_run", "yes")]), Err(1));
        assert_eq!(read(&[("dryrun", "true"), ("x", "")]), Err(2));
        assert_eq!(read(&[("dry_run", "false"), ("dry_run", "true")]), Err(1));
        assert_eq!(read(&[("x", "1"); 60]), Err(1));
    }
}
