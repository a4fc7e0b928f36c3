//! `DELETE /v1/movies/{id}/ratings/me`: somebody takes their rating of a film back.

use axum::{extract::State, response::Response};
use domain::rating::RatingAction;
use http_kit::{NoBody, Problem};

use super::task;
use crate::{
    circumstances::CommandFrom,
    openapi::{Deleted, NotThere, Refused},
    path::MoviePath,
    receipt::Success,
    state::CommandState,
};

/// Withdraw one's rating of a film
///
/// Withdrawing a rating that was never given changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/movies/{id}/ratings/me",
    operation_id = "delete_my_rating",
    tag = "ratings",
    params(MoviePath),
    responses(Deleted, Refused, NotThere)
)]
pub(crate) async fn delete_my_rating(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: MoviePath,
    _: NoBody,
) -> Result<Response, Problem> {
    let account = from.circumstances.account;
    let task = task(path.id, account, RatingAction::Withdraw, Success::Gone);
    Ok(state.execute(from.circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Api, ID};

    #[tokio::test]
    async fn a_rating_can_be_withdrawn_again_and_again_and_given_anew() {
        let api = Api::start().await;
        api.film().await;
        let path = format!("/v1/movies/{ID}/ratings/me");
        let never = api.ask("DELETE", &path).send().await;
        assert_eq!(never.status, StatusCode::NO_CONTENT);
        assert_eq!(never.header("etag"), "");
        api.ask("PUT", &path).json(r#"{"value": 8}"#).send().await;
        for _ in 0..2 {
            let answer = api.ask("DELETE", &path).send().await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT);
            assert_eq!(answer.header("etag"), "\"r2\"");
        }
        let anew = api.ask("PUT", &path).json(r#"{"value": 8}"#).send().await;
        assert_eq!(anew.status, StatusCode::CREATED);
    }

    #[tokio::test]
    async fn a_film_that_never_was_has_no_rating_to_withdraw() {
        let api = Api::start().await;
        let answer = api.ask("DELETE", &format!("/v1/movies/{ID}/ratings/me")).send().await;
        answer.is_problem(404, "not-found");
    }
}
