//! `DELETE /v1/jobs/{id}`: a job goes no further.

use axum::{extract::State, response::Response};
use http_kit::{NoBody, Problem, ProblemType};

use super::{VisibleJob, get::answer};
use crate::{
    openapi::{JobAnswered, JobRefused},
    path::JobPath,
    state::CommandState,
};

/// Cancel a job
///
/// No more of its lines are begun. What has been carried out stays, and its results with it. Cancelling
/// a job that is finished changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    operation_id = "cancel_job",
    tag = "jobs",
    params(JobPath),
    responses(JobAnswered, JobRefused)
)]
pub(crate) async fn cancel_job(
    State(state): State<CommandState>,
    VisibleJob(job): VisibleJob,
    _: NoBody,
) -> Result<Response, Problem> {
    let cancelled = state.jobs.cancel(&job).await;
    cancelled.map_err(|error| Problem::new(ProblemType::Unavailable).caused_by(error))?;
    Ok(answer(&state, &job.record()))
}
