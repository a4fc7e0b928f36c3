//! `PUT /v1/movies/{id}/ratings/me`: somebody rates a film.

use axum::{extract::State, response::Response};
use domain::rating::{RatingAction, RatingDraft};
use http_kit::{Json, Member, Path, Problem};
use serde_json::Value;

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, NotThere, Put, RatingOfMine, Refused},
    path::MoviePath,
    problem::invalid,
    receipt::Success,
    routes::movies::read,
    state::CommandState,
};

/// Rate a film
///
/// Each account has one rating of each film, and can change it as often as it likes. Ratings do not
/// change the film's own revision, so they never make an editor lose a race; the receipt's revision is
/// the rating's.
#[utoipa::path(
    put, path = "/v1/movies/{id}/ratings/me", operation_id = "put_my_rating", tag = "ratings",
    params(MoviePath, DryRunParameter),
    request_body(
        content = RatingOfMine, description = "The rating", content_type = "application/json"
    ),
    responses(Put, Refused, BodyRefused, NotThere),
    security(("bearer" = []))
)]
pub(crate) async fn put_my_rating(
    State(state): State<CommandState>,
    from: CommandFrom<Member>,
    Path(path): Path<MoviePath>,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let value = read::<RatingDraft>(body)?.into_value().map_err(invalid)?;
    let action = RatingAction::Rate(value);
    let task = task(&state, path.movie(), circumstances.account, action, Success::Put).await?;
    Ok(state.execute(circumstances, task).await?)
}
