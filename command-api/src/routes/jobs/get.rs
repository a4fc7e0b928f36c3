//! `GET /v1/jobs/{id}`: how far a job is.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use http_kit::Json;

use super::VisibleJob;
use crate::{
    jobs::Record,
    openapi::{JobAnswered, JobRefused},
    path::JobPath,
    state::CommandState,
};

/// See how far a job is
///
/// Whoever made the job sees it, and admins do. It is kept for a while after it has finished.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    operation_id = "get_job",
    tag = "jobs",
    params(JobPath),
    responses(JobAnswered, JobRefused)
)]
pub(crate) async fn get_job(
    State(state): State<CommandState>,
    VisibleJob(job): VisibleJob,
) -> Response {
    answer(&state, &job.record())
}

/// The job, and when to ask again.
pub(super) fn answer(state: &CommandState, record: &Record) -> Response {
    let document = Json(record.document(state.bulk.jobs_keep));
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let again = (!record.state.is_final())
        .then_some([(header::RETRY_AFTER, HeaderValue::from_static("1"))]);
    match again {
        Some(again) => (no_store, again, document).into_response(),
        None => (no_store, document).into_response(),
    }
}
