//! `PUT /v1/movies/{id}/platforms/{platform}`: a film can be watched there.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, Path, Problem};

use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{NotThere, Receipted, Refused},
    path::PlatformPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Say where a film can be watched
///
/// A film that is known to be there, in whatever spelling, stays as it is. The receipt is the film's.
#[utoipa::path(
    put, path = "/v1/movies/{id}/platforms/{platform}", operation_id = "put_movie_platform",
    tag = "platforms",
    params(PlatformPath, DryRunParameter),
    responses(Receipted, Refused, NotThere),
    security(("bearer" = []))
)]
pub(crate) async fn put_movie_platform(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<PlatformPath>,
) -> Result<Response, Problem> {
    let task = task(path.movie(), MovieAction::AddPlatform(path.platform), Success::Changed);
    Ok(state.execute(from.circumstances, task).await?)
}
