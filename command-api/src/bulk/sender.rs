//! What all lines of a request have in common.

use events::AccountId;
use http_kit::{FieldError, Problem, ProblemType, RequestContext};
use serde::{Deserialize, Serialize};

use super::BULK_PATH;
use crate::{circumstances::Circumstances, idempotency::IdempotentRequest};

/// Who sent the lines, in which request, and under which key. Jobs keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sender {
    pub(crate) account: AccountId,
    pub(crate) request_id: String,
    pub(crate) traceparent: Option<String>,
    /// What the keys of the lines are made of.
    pub(crate) key: Option<String>,
    pub(crate) dry_run: bool,
}

impl Sender {
    /// The sender of a request.
    ///
    /// # Errors
    /// 400 where the request is conditional: a condition is about one film, and there are many.
    pub(crate) fn of(circumstances: Circumstances) -> Result<Self, Problem> {
        if let Some(name) = circumstances.preconditions.header() {
            return Err(Problem::new(ProblemType::MalformedRequest).error(FieldError::header(
                name,
                "must be left out: each line may have an expected_version of its own",
            )));
        }
        let RequestContext { request_id, traceparent } = circumstances.context;
        let key = circumstances.idempotency.map(|request| request.client_key().to_owned());
        let (account, dry_run) = (circumstances.account, circumstances.dry_run);
        Ok(Self { account, request_id, traceparent, key, dry_run })
    }

    /// The circumstances of one line.
    pub(super) fn circumstances(&self, line: u64) -> Circumstances {
        // Clients' keys have no spaces, so none of theirs is ever one of these.
        let key = |key: &String| {
            let key = format!("{key} line {line}");
            IdempotentRequest::derived(self.account, key, &format!("POST {BULK_PATH}"))
        };
        Circumstances {
            account: self.account,
            context: RequestContext {
                request_id: self.request_id.clone(),
                traceparent: self.traceparent.clone(),
            },
            preconditions: Default::default(),
            idempotency: self.key.as_ref().map(key),
            dry_run: self.dry_run,
        }
    }
}
