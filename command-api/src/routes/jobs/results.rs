//! `GET /v1/jobs/{id}/results`: what came of a job's lines.

use std::{io, path::PathBuf};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use http_kit::{Problem, ProblemType};
use tokio::{fs::File, io::AsyncReadExt};

use super::{VisibleJob, no_job};
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
    get,
    path = "/v1/jobs/{id}/results",
    operation_id = "get_job_results",
    tag = "jobs",
    params(JobPath),
    responses(JobResults, JobRefused)
)]
pub(crate) async fn get_job_results(
    State(state): State<CommandState>,
    VisibleJob(job): VisibleJob,
) -> Result<Response, Problem> {
    // What is being written behind this is not whole.
    let whole = job.record().progress.results_bytes;
    let (bytes, body) = match open(state.jobs.results_file(&job)).await {
        Ok((file, length)) => {
            let bytes = whole.min(length);
            (bytes, Body::from_stream(stream(file.take(bytes))))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Either none was begun, or the job has been removed in the meantime.
            state.jobs.get(job.id).ok_or_else(no_job)?;
            (0, Body::empty())
        }
        Err(error) => return Err(Problem::new(ProblemType::Unavailable).caused_by(error)),
    };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes)),
    ];
    Ok((headers, body).into_response())
}

/// The file, and how long it is.
async fn open(path: PathBuf) -> io::Result<(File, u64)> {
    let file = File::open(path).await?;
    let length = file.metadata().await?.len();
    Ok((file, length))
}
