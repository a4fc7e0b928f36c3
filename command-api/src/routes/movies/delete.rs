//! `DELETE /v1/movies/{id}`: a film leaves the catalogue.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, Path, Problem};

use super::{patchable, task};
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    execute::Task,
    openapi::{Conditional, Deleted, NotThere, Refused},
    path::MoviePath,
    receipt::Success,
    state::CommandState,
};

/// Delete a film
///
/// Its history and its ratings stay, and it can be restored. Deleting it again succeeds and changes
/// nothing.
#[utoipa::path(
    delete, path = "/v1/movies/{id}", operation_id = "delete_movie", tag = "movies",
    params(MoviePath, DryRunParameter),
    responses(Deleted, Refused, NotThere, Conditional),
    security(("bearer" = []))
)]
pub(crate) async fn delete_movie(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<MoviePath>,
) -> Result<Response, Problem> {
    let task = Task {
        needs_version: state.require_if_match,
        ..task(path.movie(), MovieAction::Delete, Success::Gone)
    };
    Ok(patchable(state.execute(from.circumstances, task).await?))
}
