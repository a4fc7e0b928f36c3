//! `DELETE /v1/movies/{id}/platforms/{platform}`: a film cannot be watched there any more.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{NoBody, Problem};

use crate::{
    circumstances::CommandFrom,
    openapi::{Deleted, Guarded, NotThere, Refused},
    path::PlatformPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Say where a film can be watched no more
///
/// Where it could not be watched, nothing changes. `ETag` is the film's.
#[utoipa::path(
    delete,
    path = "/v1/movies/{id}/platforms/{platform}",
    operation_id = "delete_movie_platform",
    tag = "platforms",
    params(PlatformPath),
    responses(Deleted, Refused, NotThere, Guarded)
)]
pub(crate) async fn delete_movie_platform(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: PlatformPath,
    _: NoBody,
) -> Result<Response, Problem> {
    let action = MovieAction::RemovePlatform(path.platform.slug());
    let task = task(&state, path.id, action, Success::Gone);
    Ok(state.execute(from.circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::Api;

    #[tokio::test]
    async fn a_film_can_be_watched_somewhere_no_more() {
        let api = Api::start().await;
        let film = api.film().await;
        api.ask("PUT", &format!("{film}/platforms/MUBI")).send().await;
        for _ in 0..2 {
            let answer = api.ask("DELETE", &format!("{film}/platforms/mubi")).send().await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT);
        }
        let happened = api.happened().await;
        assert_eq!(happened, ["MovieCreated", "MoviePlatformsAdded", "MoviePlatformsRemoved"]);
    }

    #[tokio::test]
    async fn a_server_that_wants_to_know_the_version_says_so() {
        let api = Api::strict().await;
        let path = format!("{}/platforms/MUBI", api.film().await);
        api.ask("DELETE", &path).send().await.is_problem(428, "precondition-required");
        let answer = api.ask("DELETE", &path).header("if-match", "\"r1\"").send().await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
}
