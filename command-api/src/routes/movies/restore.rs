//! `POST /v1/movies/{id}/restore`: a deleted film is back.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, Path, Problem};

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{NotThere, Receipted, Refused},
    path::MoviePath,
    receipt::Success,
    state::CommandState,
};

/// Restore a deleted film
///
/// It is back as it was, with its ratings. Restoring a film that is there changes nothing.
#[utoipa::path(
    post, path = "/v1/movies/{id}/restore", operation_id = "restore_movie", tag = "movies",
    params(MoviePath, DryRunParameter),
    responses(Receipted, Refused, NotThere),
    security(("bearer" = []))
)]
pub(crate) async fn restore_movie(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<MoviePath>,
) -> Result<Response, Problem> {
    let task = task(path.movie(), MovieAction::Restore, Success::Changed);
    Ok(state.execute(from.circumstances, task).await?)
}
