//! `DELETE /v1/movies/{id}/ratings/me`: somebody takes their rating of a film back.

use axum::{extract::State, response::Response};
use domain::rating::RatingAction;
use http_kit::{Member, Path, Problem};

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{Deleted, NotThere, Refused},
    path::MoviePath,
    receipt::Success,
    state::CommandState,
};

/// Withdraw one's rating of a film
///
/// Withdrawing a rating that was never given changes nothing.
#[utoipa::path(
    delete, path = "/v1/movies/{id}/ratings/me", operation_id = "delete_my_rating", tag = "ratings",
    params(MoviePath, DryRunParameter),
    responses(Deleted, Refused, NotThere),
    security(("bearer" = []))
)]
pub(crate) async fn delete_my_rating(
    State(state): State<CommandState>,
    from: CommandFrom<Member>,
    Path(path): Path<MoviePath>,
) -> Result<Response, Problem> {
    let account = from.circumstances.account;
    let task = task(&state, path.movie(), account, RatingAction::Withdraw, Success::Gone).await?;
    Ok(state.execute(from.circumstances, task).await?)
}
