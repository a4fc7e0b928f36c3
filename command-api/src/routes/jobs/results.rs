//! `GET /v1/jobs/{id}/results`: what came of a job's lines.

use std::io;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use http_kit::{Problem, ProblemType};
use tokio::io::AsyncReadExt;

use super::VisibleJob;
use crate::{
    bulk::MEDIA_TYPE,
    jobs::stream,
    openapi::{JobRefused, JobResults},
    path::JobPath,
    state::CommandState,
};

/// See what came of a job's lines
///
/// One line for each line of the job that has been carried out, in order; so far, where the job is not
/// finished.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/results", operation_id = "get_job_results", tag = "jobs",
    params(JobPath),
    responses(JobResults, JobRefused),
    security(("bearer" = []))
)]
pub(crate) async fn get_job_results(
    State(state): State<CommandState>,
    VisibleJob(job): VisibleJob,
) -> Result<Response, Problem> {
    // What is being written behind this is not whole.
    let bytes = job.record().progress.results_bytes;
    let body = match tokio::fs::File::open(state.jobs.results_file(&job)).await {
        Ok(file) => Body::from_stream(stream(file.take(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Body::empty(),
        Err(error) => return Err(Problem::new(ProblemType::Unavailable).caused_by(error)),
    };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes)),
    ];
    Ok((headers, body).into_response())
}
