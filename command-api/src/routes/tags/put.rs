//! `PUT /v1/movies/{id}/tags/{tag}`: a film has this label.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, Path, Problem};

use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{NotThere, Receipted, Refused},
    path::TagPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Put a tag on a film
///
/// A film that has the tag, in whatever spelling, keeps it as it is. The receipt is the film's.
#[utoipa::path(
    put, path = "/v1/movies/{id}/tags/{tag}", operation_id = "put_movie_tag", tag = "tags",
    params(TagPath, DryRunParameter),
    responses(Receipted, Refused, NotThere),
    security(("bearer" = []))
)]
pub(crate) async fn put_movie_tag(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<TagPath>,
) -> Result<Response, Problem> {
    let task = task(path.movie(), MovieAction::Tag(path.tag), Success::Changed);
    Ok(state.execute(from.circumstances, task).await?)
}
