//! `PUT /v1/movies/{id}`: a film is exactly this from now on.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{Editor, Json, Path, Problem};
use serde_json::Value;

use super::{body::replacement, patchable, task};
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    execute::Task,
    openapi::{BodyRefused, Conditional, MovieReplacement, Put, Refused},
    path::MoviePath,
    receipt::Success,
    state::CommandState,
};

/// Replace a film, or create it under an id of one's own
///
/// With `If-None-Match: *` it is only created, with `If-Match` only replaced. A film that has been
/// deleted must be restored first.
#[utoipa::path(
    put, path = "/v1/movies/{id}", operation_id = "put_movie", tag = "movies",
    params(MoviePath, DryRunParameter),
    request_body(
        content = MovieReplacement, description = "The film", content_type = "application/json"
    ),
    responses(Put, Refused, BodyRefused, Conditional),
    security(("bearer" = []))
)]
pub(crate) async fn put_movie(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Path(path): Path<MoviePath>,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let (version, content) = replacement(body)?;
    let action = MovieAction::Put(Box::new(content));
    let task =
        Task { needs_version: state.require_if_match, ..task(path.movie(), action, Success::Put) };
    Ok(patchable(state.execute(circumstances.expecting(version), task).await?))
}
