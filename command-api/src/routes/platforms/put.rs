//! `PUT /v1/movies/{id}/platforms/{platform}`: a film can be watched there.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{NoBody, Problem};

use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{Guarded, NotThere, Receipted, Refused},
    path::PlatformPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Say where a film can be watched
///
/// A film that is known to be there, in whatever spelling, stays as it is. The receipt is the film's.
#[utoipa::path(
    put,
    path = "/v1/movies/{id}/platforms/{platform}",
    operation_id = "put_movie_platform",
    tag = "platforms",
    params(PlatformPath, DryRunParameter),
    responses(Receipted, Refused, NotThere, Guarded)
)]
pub(crate) async fn put_movie_platform(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: PlatformPath,
    _: NoBody,
) -> Result<Response, Problem> {
    let task = task(&state, path.id, MovieAction::AddPlatform(path.platform), Success::Changed);
    Ok(state.execute(from.circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::Api;

    #[tokio::test]
    async fn a_film_can_be_watched_somewhere_and_that_is_said_once() {
        let api = Api::start().await;
        let film = api.film().await;
        for platform in ["MUBI", "mubi"] {
            let answer = api.ask("PUT", &format!("{film}/platforms/{platform}")).send().await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.header("etag"), "\"r2\"");
        }
        assert_eq!(api.happened().await, ["MovieCreated", "MoviePlatformsAdded"]);
    }

    #[tokio::test]
    async fn a_server_that_wants_to_know_the_version_says_so() {
        let api = Api::strict().await;
        let path = format!("{}/platforms/MUBI", api.film().await);
        api.ask("PUT", &path).send().await.is_problem(428, "precondition-required");
        let answer = api.ask("PUT", &path).header("if-match", "\"r1\"").send().await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}
