//! `POST /v1/genres`: a genre is described for the first time.

use axum::{extract::State, response::Response};
use domain::genre::{GenreCommand, GenreDraft};
use http_kit::{Editor, Json, Problem};
use serde_json::Value;

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, Created, GenreDescription, Refused},
    problem::invalid,
    routes::movies::read,
    state::CommandState,
};

/// Describe a new genre
///
/// Its slug follows from its name. A genre that has been described is 409; one that films name but
/// nobody has described is new.
#[utoipa::path(
    post, path = "/v1/genres", operation_id = "create_genre", tag = "genres",
    params(DryRunParameter),
    request_body(
        content = GenreDescription, description = "The genre", content_type = "application/json"
    ),
    responses(Created, Refused, BodyRefused),
    security(("bearer" = []))
)]
pub(crate) async fn create_genre(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let content = read::<GenreDraft>(body)?.into_content().map_err(invalid)?;
    let slug = content.name.slug();
    let task = task(&slug, GenreCommand::Create(slug.clone(), content));
    Ok(state.execute(circumstances, task).await?)
}
