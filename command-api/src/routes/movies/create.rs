//! `POST /v1/movies`: a film enters the catalogue.

use axum::extract::State;
use events::MovieId;
use http_kit::{Json, Problem};
use serde_json::Value;

use super::MovieRequest;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, Created, MovieReceipt, NewMovie, Refused},
    receipt::Outcome,
    state::CommandState,
};

/// Create a film
///
/// The film gets an id of its own. With an `Idempotency-Key` the request can be repeated safely.
#[utoipa::path(
    post, path = "/v1/movies", operation_id = "create_movie", tag = "movies",
    params(DryRunParameter),
    request_body(content = NewMovie, description = "The film", content_type = "application/json"),
    responses(Created<MovieReceipt>, Refused, BodyRefused),
)]
pub(crate) async fn create_movie(
    State(state): State<CommandState>,
    from: CommandFrom,
    Json(body): Json<Value>,
) -> Result<Outcome, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let movie = MovieId(state.executor.clock.new_id());
    state.ask_of_movie(circumstances, MovieRequest::Create(movie, body)).await
}

#[cfg(test)]
mod tests {
    use events::{AccountId, MovieId, StreamName};
    use http::StatusCode;
    use identity::Role;
    use uuid::Uuid;

    use crate::testing::{Api, FILM};

    #[tokio::test]
    async fn a_film_can_be_created() {
        let api = Api::start().await;
        let answer = api.ask("POST", "/v1/movies").json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::CREATED);
        let id = answer.body["id"].as_str().unwrap();
        assert_eq!(answer.header("location"), format!("/v1/movies/{id}"));
        assert_eq!(answer.header("etag"), "\"r1\"");
        assert_eq!(answer.header("cinelog-position"), "1");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.body["revision"], 1);
        assert_eq!(answer.body["position"], 1);
        assert_eq!(answer.body["links"]["self"], format!("/v1/movies/{id}"));
        assert_eq!(answer.event_types(), ["MovieCreated"]);
    }

    #[tokio::test]
    async fn its_event_says_who_did_it_when_and_in_which_request() {
        let api = Api::start().await;
        let answer = api
            .ask("POST", "/v1/movies")
            .header("x-request-id", "request-1")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .header("idempotency-key", "\"key-1\"")
            .json(FILM)
            .send()
            .await;
        let id: MovieId = answer.body["id"].as_str().unwrap().parse().unwrap();
        let history = api.stream(&StreamName::movie(id)).await;
        let metadata = &history[0].metadata;
        assert_eq!(metadata.actor, Some(AccountId(Uuid::from_u128(100))));
        assert_eq!(metadata.recorded_at, api.now());
        assert_eq!(metadata.correlation_id.as_deref(), Some("request-1"));
        assert!(
            metadata.traceparent.as_deref().unwrap().contains("0af7651916cd43dd8448eb211c80319c")
        );
        assert_eq!(metadata.idempotency_key.as_deref(), Some("key-1"));
    }

    #[tokio::test]
    async fn everything_that_is_wrong_is_said_at_once() {
        let api = Api::start().await;
        let body = r#"{"year": 1500, "cast": ["", 3], "id": "mine", "stars": 5}"#;
        let answer = api.ask("POST", "/v1/movies").json(body).send().await;
        answer.is_problem(422, "validation-failed");
        assert_eq!(answer.wrong(), ["/title", "/year", "/cast/0", "/cast/1", "/id", "/stars"]);
    }

    #[tokio::test]
    async fn what_is_no_object_is_refused() {
        let api = Api::start().await;
        for body in ["[]", "null", "\"film\"", "7"] {
            let answer = api.ask("POST", "/v1/movies").json(body).send().await;
            answer.is_problem(422, "validation-failed");
        }
        let answer = api.ask("POST", "/v1/movies").json("{").send().await;
        answer.is_problem(400, "malformed-request");
    }

    #[tokio::test]
    async fn only_editors_create_films() {
        let api = Api::start().await;
        let answer = api.anonymous("POST", "/v1/movies").json("{").send().await;
        answer.is_problem(401, "unauthorized");
        let answer = api.anonymous("POST", "/v1/movies").by(Role::Member, 1).json("{").send().await;
        answer.is_problem(403, "forbidden");
        let answer = api.anonymous("POST", "/v1/movies").by(Role::Admin, 1).json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
}
