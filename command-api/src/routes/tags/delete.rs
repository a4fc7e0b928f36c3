//! `DELETE /v1/movies/{id}/tags/{tag}`: a film does not have this label.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, Path, Problem};

use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{Deleted, NotThere, Refused},
    path::TagPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Take a tag off a film
///
/// Taking off a tag that it does not have changes nothing. `ETag` is the film's.
#[utoipa::path(
    delete, path = "/v1/movies/{id}/tags/{tag}", operation_id = "delete_movie_tag", tag = "tags",
    params(TagPath, DryRunParameter),
    responses(Deleted, Refused, NotThere),
    security(("bearer" = []))
)]
pub(crate) async fn delete_movie_tag(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<TagPath>,
) -> Result<Response, Problem> {
    let task = task(path.movie(), MovieAction::Untag(path.tag.slug()), Success::Gone);
    Ok(state.execute(from.circumstances, task).await?)
}
