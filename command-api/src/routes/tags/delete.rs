//! `DELETE /v1/movies/{id}/tags/{tag}`: a film does not have this label.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{NoBody, Problem};

use crate::{
    circumstances::CommandFrom,
    openapi::{Deleted, Guarded, NotThere, Refused},
    path::TagPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Take a tag off a film
///
/// Taking off a tag that it does not have changes nothing. `ETag` is the film's.
#[utoipa::path(
    delete,
    path = "/v1/movies/{id}/tags/{tag}",
    operation_id = "delete_movie_tag",
    tag = "tags",
    params(TagPath),
    responses(Deleted, Refused, NotThere, Guarded)
)]
pub(crate) async fn delete_movie_tag(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: TagPath,
    _: NoBody,
) -> Result<Response, Problem> {
    let task = task(&state, path.id, MovieAction::Untag(path.tag.slug()), Success::Gone);
    Ok(state.execute(from.circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::Api;

    #[tokio::test]
    async fn a_tag_can_be_taken_off_in_any_spelling_and_again() {
        let api = Api::start().await;
        let film = api.film().await;
        for _ in 0..2 {
            let answer = api.ask("DELETE", &format!("{film}/tags/Slow")).send().await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT);
            assert_eq!(answer.header("etag"), "\"r2\"");
        }
        assert_eq!(api.happened().await, ["MovieCreated", "MovieUntagged"]);
    }

    #[tokio::test]
    async fn a_deleted_film_has_no_tags_to_take_off() {
        let api = Api::start().await;
        let film = api.film().await;
        api.ask("DELETE", &film).send().await;
        let answer = api.ask("DELETE", &format!("{film}/tags/slow")).send().await;
        answer.is_problem(404, "not-found");
    }

    #[tokio::test]
    async fn a_server_that_wants_to_know_the_version_says_so() {
        let api = Api::strict().await;
        let path = format!("{}/tags/slow", api.film().await);
        api.ask("DELETE", &path).send().await.is_problem(428, "precondition-required");
        let answer = api.ask("DELETE", &path).header("if-match", "\"r1\"").send().await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
}
