//! `POST /v1/movies`: a film enters the catalogue.

use axum::{extract::State, response::Response};
use domain::movie::{MovieAction, MovieDraft};
use events::MovieId;
use http_kit::{Editor, Json, Problem};
use serde_json::Value;

use super::{body::read, task};
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, Created, NewMovie, Refused},
    problem::invalid,
    receipt::Success,
    state::CommandState,
};

/// Create a film
///
/// The film gets an id of its own. With an `Idempotency-Key` the request can be repeated safely.
#[utoipa::path(
    post, path = "/v1/movies", operation_id = "create_movie", tag = "movies",
    params(DryRunParameter),
    request_body(content = NewMovie, description = "The film", content_type = "application/json"),
    responses(Created, Refused, BodyRefused),
    security(("bearer" = []))
)]
pub(crate) async fn create_movie(
    State(state): State<CommandState>,
    from: CommandFrom<Editor>,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let content = read::<MovieDraft>(body)?.into_content().map_err(invalid)?;
    let movie = MovieId(state.clock.new_id());
    let task = task(movie, MovieAction::Create(Box::new(content)), Success::Put);
    Ok(state.execute(circumstances, task).await?)
}
