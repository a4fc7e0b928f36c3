//! `POST /v1/movies/{id}`: a deleted film is back. The same at `/v1/movies/{id}/restore`, where people
//! look for it; see `docs/decisions/0011-restoring-is-a-post-to-the-film.md`.

use axum::extract::State;
use http_kit::{NoBody, Problem};

use super::MovieRequest;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{Guarded, NotThere, Receipted, Refused},
    path::MoviePath,
    receipt::Outcome,
    state::CommandState,
};

/// Restore a deleted film
///
/// It is back as it was, with its ratings. Restoring a film that is there changes nothing.
#[utoipa::path(
    post,
    path = "/v1/movies/{id}",
    operation_id = "restore_movie",
    tag = "movies",
    params(MoviePath, DryRunParameter),
    responses(Receipted, Refused, NotThere, Guarded)
)]
pub(crate) async fn restore_movie(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: MoviePath,
    _: NoBody,
) -> Result<Outcome, Problem> {
    state.ask_of_movie(from.circumstances, MovieRequest::Restore(path.id)).await
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Api, FILM, ID};

    #[tokio::test]
    async fn a_deleted_film_is_back_as_it_was() {
        let api = Api::start().await;
        let film = api.film().await;
        api.ask("DELETE", &film).send().await;
        let answer = api.ask("POST", &film).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.event_types(), ["MovieRestored"]);
        let same = api.ask("PUT", &film).json(FILM).send().await;
        assert!(same.event_types().is_empty());
    }

    #[tokio::test]
    async fn it_can_be_asked_for_at_an_address_of_its_own() {
        let api = Api::start().await;
        let film = api.film().await;
        api.ask("DELETE", &film).send().await;
        let answer = api.ask("POST", &format!("{film}/restore")).send().await;
        assert_eq!(answer.event_types(), ["MovieRestored"]);
    }

    #[tokio::test]
    async fn restoring_a_film_that_is_there_changes_nothing() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("POST", &format!("{film}/restore")).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.event_types().is_empty());
    }

    #[tokio::test]
    async fn a_server_that_wants_to_know_the_version_wants_that_of_the_deletion() {
        let api = Api::strict().await;
        let film = api.film().await;
        api.ask("DELETE", &film).header("if-match", "\"r1\"").send().await;
        api.ask("POST", &film).send().await.is_problem(428, "precondition-required");
        let answer = api.ask("POST", &film).header("if-match", "\"r1\"").send().await;
        answer.is_problem(412, "precondition-failed");
        let answer = api.ask("POST", &film).header("if-match", "\"r2\"").send().await;
        assert_eq!(answer.status, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_film_that_never_was_cannot_be_restored() {
        let api = Api::start().await;
        let answer = api.ask("POST", &format!("/v1/movies/{ID}/restore")).send().await;
        answer.is_problem(404, "not-found");
    }
}
