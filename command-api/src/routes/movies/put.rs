//! `PUT /v1/movies/{id}`: a film is exactly this from now on.

use axum::{extract::State, response::Response};
use http_kit::{Json, Problem};
use serde_json::Value;

use super::{MovieRequest, patchable};
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, Conditional, MovieReceipt, MovieReplacement, Put, Refused},
    path::MoviePath,
    state::CommandState,
};

/// Replace a film, or create it under an id of one's own
///
/// With `If-None-Match: *` it is only created, with `If-Match` only replaced. A film that has been
/// deleted must be restored first.
#[utoipa::path(
    put, path = "/v1/movies/{id}", operation_id = "put_movie", tag = "movies",
    params(MoviePath, DryRunParameter),
    request_body(
        content = MovieReplacement, description = "The film", content_type = "application/json"
    ),
    responses(Put<MovieReceipt>, Refused, BodyRefused, Conditional),
)]
pub(crate) async fn put_movie(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: MoviePath,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let request = MovieRequest::Put(path.id, body);
    Ok(patchable(state.ask_of_movie(circumstances, request).await?))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Api, FILM, ID};

    #[tokio::test]
    async fn a_film_that_is_put_where_none_was_is_created() {
        let api = Api::start().await;
        let answer = api.ask("PUT", &format!("/v1/movies/{ID}")).json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.body["id"], ID);
        assert_eq!(answer.header("location"), format!("/v1/movies/{ID}"));
        assert_eq!(answer.header("accept-patch"), "application/merge-patch+json, application/json");
    }

    #[tokio::test]
    async fn a_film_can_be_replaced() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("PUT", &film).json(r#"{"title": "花樣年華"}"#).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("etag"), "\"r3\"");
        assert_eq!(answer.header("location"), "");
        assert_eq!(answer.event_types(), ["MovieDetailsChanged", "MovieUntagged"]);
    }

    #[tokio::test]
    async fn a_film_that_is_put_as_it_is_stays_as_it_is() {
        let api = Api::start().await;
        let film = api.film().await;
        let answer = api.ask("PUT", &film).json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("etag"), "\"r1\"");
        assert_eq!(answer.header("cinelog-position"), "1");
        assert!(answer.event_types().is_empty());
    }

    #[tokio::test]
    async fn a_film_can_be_sent_back_as_it_was_read() {
        let api = Api::start().await;
        let film = api.film().await;
        let body = format!(
            r#"{{"id": "{ID}", "revision": 1, "title": "In the Mood for Love", "original_title": null,
                "year": 2000, "tags": ["slow"], "genres": [], "external_ids": {{"imdb": null}},
                "rating": {{"average": null, "count": 0}}, "links": {{"self": "{film}"}},
                "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}}"#
        );
        let answer = api.ask("PUT", &film).json(&body).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert!(answer.event_types().is_empty());
    }

    #[tokio::test]
    async fn a_stale_if_match_is_told_what_happened_in_between() {
        let api = Api::start().await;
        let film = api.film().await;
        api.ask("PATCH", &film).json(r#"{"runtime_minutes": 98}"#).send().await;
        let answer =
            api.ask("PUT", &film).header("if-match", "\"r1.4.g1\"").json(FILM).send().await;
        answer.is_problem(412, "precondition-failed");
        assert_eq!(answer.body["current_revision"], 2);
        assert_eq!(answer.event_types(), ["MovieDetailsChanged"]);
        assert_eq!(answer.body["events"][0]["data"]["changes"]["runtime_minutes"], 98);
        assert_eq!(answer.body["events_truncated"], false);
    }

    #[tokio::test]
    async fn an_expected_version_does_what_if_match_does() {
        let api = Api::start().await;
        let film = api.film().await;
        let put = |version: &str| {
            let body = format!(r#"{{"title": "A", "expected_version": {version}}}"#);
            let film = film.clone();
            let api = api.clone();
            async move { api.ask("PUT", &film).json(&body).send().await }
        };
        put("9").await.is_problem(412, "precondition-failed");
        assert_eq!(put("1.0").await.status, StatusCode::OK);
        put("1").await.is_problem(412, "precondition-failed");
        let answer = put("-1").await;
        answer.is_problem(422, "validation-failed");
        assert_eq!(answer.wrong(), ["/expected_version"]);
    }

    #[tokio::test]
    async fn if_none_match_creates_and_does_not_replace() {
        let api = Api::start().await;
        let path = format!("/v1/movies/{ID}");
        let create = || api.ask("PUT", &path).header("if-none-match", "*").json(FILM).send();
        assert_eq!(create().await.status, StatusCode::CREATED);
        create().await.is_problem(412, "precondition-failed");
    }

    #[tokio::test]
    async fn if_match_replaces_and_does_not_create() {
        let api = Api::start().await;
        let path = format!("/v1/movies/{ID}");
        let answer = api.ask("PUT", &path).header("if-match", "*").json(FILM).send().await;
        answer.is_problem(412, "precondition-failed");
        assert!(api.history().await.is_empty());
    }

    #[tokio::test]
    async fn a_deleted_film_must_be_restored_before_it_is_replaced() {
        let api = Api::start().await;
        let film = api.film().await;
        api.ask("DELETE", &film).send().await;
        api.ask("PUT", &film).json(FILM).send().await.is_problem(409, "conflict");
        let answer = api.ask("PUT", &film).header("if-match", "\"r1\"").json(FILM).send().await;
        answer.is_problem(412, "precondition-failed");
    }

    #[tokio::test]
    async fn a_server_that_wants_to_know_the_version_says_so() {
        let api = Api::strict().await;
        let film = api.film().await;
        let answer = api.ask("PUT", &film).json(FILM).send().await;
        answer.is_problem(428, "precondition-required");
        let answer = api.ask("PUT", &film).header("if-match", "\"r1\"").json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::OK);
    }

    #[tokio::test]
    async fn what_is_no_object_is_told_what_is_expected() {
        let api = Api::start().await;
        let path = format!("/v1/movies/{ID}");
        for body in ["[]", "7", "null", "\"x\""] {
            let answer = api.ask("PUT", &path).json(body).send().await;
            answer.is_problem(422, "validation-failed");
            let detail = answer.body["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.ends_with("expected a JSON object"), "{detail}");
        }
    }

    #[tokio::test]
    async fn an_id_is_a_uuid_with_hyphens() {
        let api = Api::start().await;
        for id in [
            "7",
            "0190a5d27c3e7b1a9f001c2d3e4f5a6b",
            "urn:uuid:0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b",
        ] {
            let answer = api.ask("PUT", &format!("/v1/movies/{id}")).json(FILM).send().await;
            answer.is_problem(400, "invalid-parameter");
            assert_eq!(answer.wrong(), ["id"]);
        }
    }
}
