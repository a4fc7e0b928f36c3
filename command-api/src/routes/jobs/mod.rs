//! Jobs: bulk requests that are carried out after they have been answered. Their makers see them, and
//! admins; for others there are none.

pub(super) mod cancel;
pub(super) mod get;
pub(super) mod results;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http_kit::{Caller, Problem, ProblemType, access::Role};

use crate::{jobs::Job, path::JobPath, state::CommandState};

/// The job in the path, for a caller who may see it. An extractor.
pub(crate) struct VisibleJob(pub(crate) Arc<Job>);

impl FromRequestParts<CommandState> for VisibleJob {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &CommandState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let JobPath { id } = JobPath::from_request_parts(parts, state).await?;
        let job = state.jobs.get(id).ok_or_else(no_job)?;
        let is_maker = job.record().sender.account.0 == caller.account;
        if !is_maker && caller.role < Role::Admin {
            return Err(no_job());
        }
        Ok(Self(job))
    }
}

pub(super) fn no_job() -> Problem {
    Problem::new(ProblemType::NotFound).detail("There is no such job, or it is not yours.")
}
