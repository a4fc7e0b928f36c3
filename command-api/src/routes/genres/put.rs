//! `PUT /v1/genres/{slug}`: a genre is described, or described anew.

use axum::{extract::State, response::Response};
use domain::genre::{GenreCommand, GenreDraft};
use http_kit::{Editor, Json, Path, Problem};
use serde_json::Value;

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, GenreDescription, Put, Refused},
    path::GenrePath,
    problem::invalid,
    routes::movies::read,
    state::CommandState,
};

/// Describe a genre
///
/// The name may be written in any way: `sci-fi` can be shown as `Science Fiction`.
#[utoipa::path(
    put, path = "/v1/genres/{slug}", operation_id = "put_genre", tag = "genres",
    params(GenrePath, DryRunParameter),
    request_body(
        content = GenreDescription, description = "The genre", content_type = "application/json"
    ),
    responses(Put, Refused, BodyRefused),
    security(("bearer" = []))
)]
pub(crate) async fn put_genre(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<GenrePath>,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let content = read::<GenreDraft>(body)?.into_content().map_err(invalid)?;
    let slug = path.slug.slug();
    let task = task(&slug, GenreCommand::Put(slug.clone(), content));
    Ok(state.execute(circumstances, task).await?)
}
