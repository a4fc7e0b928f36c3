//! `DELETE /v1/movies/{id}/platforms/{platform}`: a film cannot be watched there any more.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, Path, Problem};

use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{Deleted, NotThere, Refused},
    path::PlatformPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Say where a film can be watched no more
///
/// Where it could not be watched, nothing changes. `ETag` is the film's.
#[utoipa::path(
    delete, path = "/v1/movies/{id}/platforms/{platform}", operation_id = "delete_movie_platform",
    tag = "platforms",
    params(PlatformPath, DryRunParameter),
    responses(Deleted, Refused, NotThere),
    security(("bearer" = []))
)]
pub(crate) async fn delete_movie_platform(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<PlatformPath>,
) -> Result<Response, Problem> {
    let action = MovieAction::RemovePlatform(path.platform.slug());
    let task = task(path.movie(), action, Success::Gone);
    Ok(state.execute(from.circumstances, task).await?)
}
