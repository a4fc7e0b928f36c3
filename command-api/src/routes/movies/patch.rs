//! `PATCH /v1/movies/{id}`: some of a film changes (RFC 5789, RFC 7396).

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, JsonBody, Path, Problem, ProblemType};

use super::{ACCEPT_PATCH, PATCH_FORMATS, body, patchable, task};
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    execute::Task,
    openapi::{BodyRefused, Conditional, MoviePatch, NotThere, Receipted, Refused},
    path::MoviePath,
    receipt::Success,
    state::CommandState,
};

/// Change some of a film
///
/// The patch is applied to the film as it is when the change is made. So two editors who change
/// different fields at the same time both succeed; who wants to rule that out sends `If-Match`.
#[utoipa::path(
    patch, path = "/v1/movies/{id}", operation_id = "patch_movie", tag = "movies",
    params(MoviePath, DryRunParameter),
    request_body(
        description = "What is to change",
        content(
            (MoviePatch = "application/merge-patch+json"),
            (MoviePatch = "application/json")
        )
    ),
    responses(Receipted, Refused, BodyRefused, NotThere, Conditional),
    security(("bearer" = []))
)]
pub(crate) async fn patch_movie(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<MoviePath>,
    body: Result<JsonBody, Problem>,
) -> Result<Response, Problem> {
    let JsonBody { value, .. } = body.map_err(with_formats)?;
    let circumstances = from.circumstances.with_body(&value);
    let (version, patch) = body::patch(value)?;
    let action = MovieAction::Patch(Box::new(patch));
    let task = Task {
        needs_version: state.require_if_match,
        ..task(path.movie(), action, Success::Changed)
    };
    Ok(patchable(state.execute(circumstances.expecting(version), task).await?))
}

/// A 415 says what would have been understood (RFC 5789 section 2.2).
fn with_formats(problem: Problem) -> Problem {
    match problem.problem_type() {
        ProblemType::UnsupportedMediaType => problem.header(ACCEPT_PATCH, PATCH_FORMATS),
        _ => problem,
    }
}
