//! `POST /v1/genres`: a genre is described for the first time.

use axum::{extract::State, response::Response};
use domain::genre::{GenreCommand, GenreDraft};
use http_kit::{Json, Problem};
use serde_json::Value;

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, Created, GenreDescription, GenreReceipt, Refused},
    problem::invalid,
    routes::movies::read,
    state::CommandState,
};

/// Describe a new genre
///
/// Its slug follows from its name. A genre that has been described is 409; one that films name but
/// nobody has described is new.
#[utoipa::path(
    post, path = "/v1/genres", operation_id = "create_genre", tag = "genres",
    params(DryRunParameter),
    request_body(
        content = GenreDescription, description = "The genre", content_type = "application/json"
    ),
    responses(Created<GenreReceipt>, Refused, BodyRefused),
)]
pub(crate) async fn create_genre(
    State(state): State<CommandState>,
    from: CommandFrom,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let content = read::<GenreDraft>(body)?.into_content().map_err(invalid)?;
    let slug = content.name.slug();
    let task = task(&slug, GenreCommand::Create(slug.clone(), content));
    Ok(state.execute(circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::Api;

    #[tokio::test]
    async fn a_genre_has_a_slug_and_an_address() {
        let api = Api::start().await;
        let body = r#"{"name": "Film Noir", "description": "Rain."}"#;
        let answer = api.ask("POST", "/v1/genres").json(body).send().await;
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.body["slug"], "film-noir");
        assert_eq!(answer.header("location"), "/v1/genres/film-noir");
        assert_eq!(answer.event_types(), ["GenreDescribed"]);
    }

    #[tokio::test]
    async fn an_address_is_percent_encoded() {
        let api = Api::start().await;
        let answer = api.ask("POST", "/v1/genres").json(r#"{"name": "時代劇"}"#).send().await;
        assert_eq!(answer.body["slug"], "時代劇");
        assert_eq!(answer.header("location"), "/v1/genres/%E6%99%82%E4%BB%A3%E5%8A%87");
    }

    #[tokio::test]
    async fn a_genre_is_new_once() {
        let api = Api::start().await;
        let create = |body: &'static str| api.ask("POST", "/v1/genres").json(body).send();
        assert_eq!(create(r#"{"name": "Drama"}"#).await.status, StatusCode::CREATED);
        create(r#"{"name": "DRAMA"}"#).await.is_problem(409, "conflict");
    }

    #[tokio::test]
    async fn everything_that_is_wrong_is_said_at_once() {
        let api = Api::start().await;
        let body = r#"{"description": "\u0007", "slug": "noir"}"#;
        let answer = api.ask("POST", "/v1/genres").json(body).send().await;
        answer.is_problem(422, "validation-failed");
        assert_eq!(answer.wrong(), ["/name", "/description", "/slug"]);
    }
}
