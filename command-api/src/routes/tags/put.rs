//! `PUT /v1/movies/{id}/tags/{tag}`: a film has this label.

use axum::{extract::State, response::Response};
use domain::movie::MovieAction;
use http_kit::{NoBody, Problem};

use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{Guarded, NotThere, Receipted, Refused},
    path::TagPath,
    receipt::Success,
    routes::movies::task,
    state::CommandState,
};

/// Put a tag on a film
///
/// A film that has the tag, in whatever spelling, keeps it as it is. The receipt is the film's.
#[utoipa::path(
    put,
    path = "/v1/movies/{id}/tags/{tag}",
    operation_id = "put_movie_tag",
    tag = "tags",
    params(TagPath, DryRunParameter),
    responses(Receipted, Refused, NotThere, Guarded)
)]
pub(crate) async fn put_movie_tag(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: TagPath,
    _: NoBody,
) -> Result<Response, Problem> {
    let task = task(&state, path.id, MovieAction::Tag(path.tag), Success::Changed);
    Ok(state.execute(from.circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Api, ID};

    #[tokio::test]
    async fn a_tag_can_be_put_on_a_film() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("PUT", &format!("{film}/tags/neo%2Fnoir%20%E6%98%A0")).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body["id"], ID);
        assert_eq!(answer.header("etag"), "\"r2\"");
        assert_eq!(answer.event_types(), ["MovieTagged"]);
        assert!(api.history().await[1].data.get().contains("neo/noir 映"));
    }

    #[tokio::test]
    async fn a_tag_that_is_there_stays_as_it_is() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("PUT", &format!("{film}/tags/SLOW")).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.event_types().is_empty());
    }

    #[tokio::test]
    async fn a_film_with_fifty_tags_takes_no_more() {
        let api = Api::start().await;
        let film = api.film().await;
        let tags: Vec<String> = (0..50).map(|n| format!("\"t{n}\"")).collect();
        api.ask("PATCH", &film).json(&format!(r#"{{"tags": [{}]}}"#, tags.join(","))).send().await;
        let answer = api.ask("PUT", &format!("{film}/tags/one-more")).send().await;
        answer.is_problem(409, "conflict");
    }

    #[tokio::test]
    async fn what_is_no_name_is_refused_by_its_place() {
        let api = Api::start().await;
        let film = api.film().await;
        for tag in ["%20", "a%0Ab", "%C2%85", &"x".repeat(101)] {
            let answer = api.ask("PUT", &format!("{film}/tags/{tag}")).send().await;
            answer.is_problem(400, "invalid-parameter");
            assert_eq!(answer.wrong(), ["tag"], "{tag}");
        }
    }

    #[tokio::test]
    async fn a_film_that_is_not_there_takes_no_tags() {
        let api = Api::start().await;
        let answer = api.ask("PUT", &format!("/v1/movies/{ID}/tags/slow")).send().await;
        answer.is_problem(404, "not-found");
    }

    #[tokio::test]
    async fn a_server_that_wants_to_know_the_version_says_so() {
        let api = Api::strict().await;
        let path = format!("{}/tags/new", api.film().await);
        api.ask("PUT", &path).send().await.is_problem(428, "precondition-required");
        let answer = api.ask("PUT", &path).header("if-match", "\"r1\"").send().await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}
