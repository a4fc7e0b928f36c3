//! `PUT /v1/movies/{id}/ratings/me`: somebody rates a film.

use axum::{extract::State, response::Response};
use domain::rating::{RatingAction, RatingDraft};
use http_kit::{Json, Problem};
use serde_json::Value;

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, MovieReceipt, NotThere, Put, RatingOfMine, Refused},
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
    responses(Put<MovieReceipt>, Refused, BodyRefused, NotThere),
)]
pub(crate) async fn put_my_rating(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: MoviePath,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let value = read::<RatingDraft>(body)?.into_value().map_err(invalid)?;
    let action = RatingAction::Rate(value);
    let task = task(path.id, circumstances.account, action, Success::Put);
    Ok(state.execute(circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use identity::Role;

    use crate::testing::{Answered, Api, ID};

    async fn rate(api: &Api, number: u128, body: &str) -> Answered {
        let path = format!("/v1/movies/{ID}/ratings/me");
        api.anonymous("PUT", &path).by(Role::Member, number).json(body).send().await
    }

    #[tokio::test]
    async fn a_film_can_be_rated_and_rated_anew() {
        let api = Api::start().await;
        api.film().await;
        let first = rate(&api, 1, r#"{"value": 8}"#).await;
        assert_eq!(first.status, StatusCode::CREATED);
        assert_eq!(first.body["id"], ID);
        assert_eq!(first.header("location"), format!("/v1/movies/{ID}/ratings/me"));
        let second = rate(&api, 1, r#"{"value": 9.0}"#).await;
        assert_eq!(second.status, StatusCode::OK);
        assert_eq!(second.header("etag"), "\"r2\"");
        let same = rate(&api, 1, r#"{"value": 9}"#).await;
        assert_eq!(same.header("etag"), "\"r2\"");
        assert!(same.event_types().is_empty());
    }

    #[tokio::test]
    async fn each_has_a_rating_of_their_own_and_the_film_stays_as_it_is() {
        let api = Api::start().await;
        api.film().await;
        for number in 1..=3 {
            let answer = rate(&api, number, r#"{"value": 7}"#).await;
            assert_eq!(answer.header("etag"), "\"r1\"");
        }
        assert_eq!(api.happened().await, ["MovieCreated"]);
    }

    #[tokio::test]
    async fn a_rating_is_a_whole_number_from_one_to_ten() {
        let api = Api::start().await;
        api.film().await;
        for body in [r#"{"value": 0}"#, r#"{"value": 11}"#, r#"{"value": 7.5}"#, "{}"] {
            let answer = rate(&api, 1, body).await;
            answer.is_problem(422, "validation-failed");
            assert_eq!(answer.wrong(), ["/value"], "{body}");
        }
        rate(&api, 1, "[8]").await.is_problem(422, "validation-failed");
    }

    #[tokio::test]
    async fn a_film_that_is_not_there_cannot_be_rated() {
        let api = Api::start().await;
        rate(&api, 1, r#"{"value": 8}"#).await.is_problem(404, "not-found");
        let film = api.film().await;
        api.ask("DELETE", &film).send().await;
        rate(&api, 1, r#"{"value": 8}"#).await.is_problem(404, "not-found");
    }

    #[tokio::test]
    async fn a_viewer_does_not_rate() {
        let api = Api::start().await;
        let path = format!("/v1/movies/{ID}/ratings/me");
        let answer = api.anonymous("PUT", &path).by(Role::Viewer, 1).send().await;
        answer.is_problem(403, "forbidden");
    }
}
