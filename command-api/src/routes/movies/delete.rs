//! `DELETE /v1/movies/{id}`: a film leaves the catalogue.

use axum::{extract::State, response::Response};
use http_kit::{NoBody, Problem};

use super::{MovieRequest, patchable};
use crate::{
    circumstances::CommandFrom,
    openapi::{Deleted, Guarded, NotThere, Refused},
    path::MoviePath,
    state::CommandState,
};

/// Delete a film
///
/// Its history and its ratings stay, and it can be restored. Deleting it again succeeds and changes
/// nothing.
#[utoipa::path(
    delete,
    path = "/v1/movies/{id}",
    operation_id = "delete_movie",
    tag = "movies",
    params(MoviePath),
    responses(Deleted, Refused, NotThere, Guarded)
)]
pub(crate) async fn delete_movie(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: MoviePath,
    _: NoBody,
) -> Result<Response, Problem> {
    let request = MovieRequest::Delete(path.id);
    Ok(patchable(state.ask_of_movie(from.circumstances, request).await?))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Api, ID};

    #[tokio::test]
    async fn a_film_can_be_deleted_again_and_again() {
        let api = Api::start().await;
        let film = api.film().await;
        for _ in 0..2 {
            let answer = api.ask("DELETE", &film).header("if-match", "\"r1\"").send().await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT);
            assert_eq!(answer.header("etag"), "\"r2\"");
            assert_eq!(answer.header("cinelog-position"), "2");
        }
        assert_eq!(api.happened().await, ["MovieCreated", "MovieDeleted"]);
    }

    #[tokio::test]
    async fn a_film_that_never_was_cannot_be_deleted() {
        let api = Api::start().await;
        let answer = api.ask("DELETE", &format!("/v1/movies/{ID}")).send().await;
        answer.is_problem(404, "not-found");
    }

    #[tokio::test]
    async fn a_film_is_not_deleted_in_another_version_than_the_one_that_was_seen() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("DELETE", &film).header("if-match", "\"r7\"").send().await;
        answer.is_problem(412, "precondition-failed");
        let answer = api.ask("DELETE", &film).header("if-match", "W/\"r1\"").send().await;
        answer.is_problem(412, "precondition-failed");
        assert_eq!(api.happened().await, ["MovieCreated"]);
    }

    #[tokio::test]
    async fn a_server_that_wants_to_know_the_version_says_so() {
        let api = Api::strict().await;
        let film = api.film().await;
        api.ask("DELETE", &film).send().await.is_problem(428, "precondition-required");
        let answer = api.ask("DELETE", &film).header("if-match", "*").send().await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(api.ask("DELETE", &film).send().await.status, StatusCode::NO_CONTENT);
    }

    #[tokio::test]
    async fn a_dry_run_shows_the_deletion() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("DELETE", &format!("{film}?dry_run=true")).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.event_types(), ["MovieDeleted"]);
        assert_eq!(api.happened().await, ["MovieCreated"]);
    }
}
