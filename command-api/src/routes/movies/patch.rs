//! `PATCH /v1/movies/{id}`: some of a film changes (RFC 5789, RFC 7396).

use axum::{extract::State, response::Response};
use http_kit::{JsonBody, Problem};

use super::{MovieRequest, patchable};
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, Conditional, MoviePatch, NotThere, Receipted, Refused},
    path::MoviePath,
    state::CommandState,
};

/// Change some of a film
///
/// The patch is applied to the film as it is when the change is made. So two editors who change
/// different fields at the same time both succeed; who wants to rule that out sends `If-Match`.
#[utoipa::path(
    patch, path = "/v1/movies/{id}", operation_id = "patch_movie", tag = "movies",
    params(MoviePath, DryRunParameter),
    request_body(
        description = "What is to change",
        content(
            (MoviePatch = "application/merge-patch+json"),
            (MoviePatch = "application/json")
        )
    ),
    responses(Receipted, Refused, BodyRefused, NotThere, Conditional),
)]
pub(crate) async fn patch_movie(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: MoviePath,
    JsonBody(value): JsonBody,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&value);
    let request = MovieRequest::Patch(path.id, value);
    Ok(patchable(state.ask_of_movie(circumstances, request).await?))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Api, ID};

    #[tokio::test]
    async fn some_of_a_film_can_be_changed() {
        let api = Api::start().await;
        let film = api.film().await;
        for media_type in ["application/merge-patch+json", "application/json"] {
            let year = if media_type == "application/json" { "2001" } else { "null" };
            let body = format!(r#"{{"year": {year}}}"#);
            let answer = api.ask("PATCH", &film).body(media_type, &body).send().await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.event_types(), ["MovieDetailsChanged"]);
            assert!(!answer.header("accept-patch").is_empty());
        }
    }

    #[tokio::test]
    async fn the_title_cannot_be_taken_away() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("PATCH", &film).json(r#"{"title": null, "x": 1}"#).send().await;
        answer.is_problem(422, "validation-failed");
        assert_eq!(answer.wrong(), ["/title", "/x"]);
    }

    #[tokio::test]
    async fn another_format_is_refused_with_a_list_of_those_there_are() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("PATCH", &film).body("application/json-patch+json", "[]").send().await;
        answer.is_problem(415, "unsupported-media-type");
        assert_eq!(answer.header("accept-patch"), "application/merge-patch+json, application/json");
    }

    #[tokio::test]
    async fn a_film_that_is_not_there_cannot_be_changed() {
        let api = Api::start().await;
        let path = format!("/v1/movies/{ID}");
        let patch = || api.ask("PATCH", &path).header("if-match", "\"r9\"").json("{}").send();
        patch().await.is_problem(404, "not-found");
        api.film().await;
        api.ask("DELETE", &path).send().await;
        patch().await.is_problem(404, "not-found");
    }

    #[tokio::test]
    async fn a_stale_if_match_is_refused_even_if_others_changed_other_fields() {
        let api = Api::start().await;
        let film = api.film().await;
        let patch = |body: &'static str| {
            api.ask("PATCH", &film).header("if-match", "\"r1\"").json(body).send()
        };
        assert_eq!(patch(r#"{"year": 2001}"#).await.status, StatusCode::OK);
        patch(r#"{"country": "HK"}"#).await.is_problem(412, "precondition-failed");
    }

    #[tokio::test]
    async fn a_dry_run_says_what_would_happen_and_appends_nothing() {
        let api = Api::start().await;
        let film = api.film().await;
        let body = r#"{"year": 2001, "tags": []}"#;
        let answer = api.ask("PATCH", &format!("{film}?dry_run=true")).json(body).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.event_types(), ["MovieDetailsChanged", "MovieUntagged"]);
        assert_eq!(answer.body["revision"], 3);
        assert_eq!(answer.body["events"][1]["revision"], 3);
        assert!(answer.body["events"][1].get("position").is_none());
        assert_eq!(api.happened().await, ["MovieCreated"]);
    }

    #[tokio::test]
    async fn a_dry_run_is_judged_like_the_real_thing() {
        let api = Api::start().await;
        let film = format!("{}?dry_run=true", api.film().await);
        let answer = api.ask("PATCH", &film).header("if-match", "\"r7\"").json("{}").send().await;
        answer.is_problem(412, "precondition-failed");
        let answer = api.ask("PATCH", &film).json(r#"{"year": 1}"#).send().await;
        answer.is_problem(422, "validation-failed");
    }

    #[tokio::test]
    async fn a_parameter_that_is_misspelled_does_not_make_a_trial_the_real_thing() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("PATCH", &format!("{film}?dryrun=true")).json("{}").send().await;
        answer.is_problem(400, "invalid-parameter");
        assert_eq!(answer.wrong(), ["dryrun"]);
    }
}
