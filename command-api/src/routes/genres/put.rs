//! `PUT /v1/genres/{slug}`: a genre is described, or described anew.

use axum::{extract::State, response::Response};
use domain::genre::{GenreCommand, GenreDraft};
use http_kit::{Json, Problem};
use serde_json::Value;

use super::task;
use crate::{
    circumstances::{CommandFrom, DryRunParameter},
    openapi::{BodyRefused, GenreDescription, GenreReceipt, Put, Refused},
    path::GenrePath,
    problem::invalid,
    routes::movies::read,
    state::CommandState,
};

/// Describe a genre
///
/// The name may be written in any way: `sci-fi` can be shown as `Science Fiction`.
#[utoipa::path(
    put, path = "/v1/genres/{slug}", operation_id = "put_genre", tag = "genres",
    params(GenrePath, DryRunParameter),
    request_body(
        content = GenreDescription, description = "The genre", content_type = "application/json"
    ),
    responses(Put<GenreReceipt>, Refused, BodyRefused),
)]
pub(crate) async fn put_genre(
    State(state): State<CommandState>,
    from: CommandFrom,
    path: GenrePath,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let circumstances = from.circumstances.with_body(&body);
    let content = read::<GenreDraft>(body)?.into_content().map_err(invalid)?;
    let slug = path.slug.slug();
    let task = task(&slug, GenreCommand::Put(slug.clone(), content));
    Ok(state.execute(circumstances, task).await?)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::Api;

    #[tokio::test]
    async fn a_genre_can_be_described_and_described_anew() {
        let api = Api::start().await;
        let put = |path: &'static str, body: &'static str| api.ask("PUT", path).json(body).send();
        let first = put("/v1/genres/sci-fi", r#"{"name": "Science Fiction"}"#).await;
        assert_eq!(first.status, StatusCode::CREATED);
        assert_eq!(first.header("location"), "/v1/genres/sci-fi");
        let anew = put("/v1/genres/Sci%20Fi", r#"{"name": "Sci-Fi", "description": "x"}"#).await;
        assert_eq!(anew.status, StatusCode::OK);
        assert_eq!(anew.header("etag"), "\"r2\"");
    }

    #[tokio::test]
    async fn a_genre_is_not_described_over_a_version_that_was_not_seen() {
        let api = Api::start().await;
        api.ask("PUT", "/v1/genres/noir").json(r#"{"name": "Noir"}"#).send().await;
        let answer = api
            .ask("PUT", "/v1/genres/noir")
            .header("if-none-match", "*")
            .json(r#"{"name": "Black"}"#)
            .send()
            .await;
        answer.is_problem(412, "precondition-failed");
        assert_eq!(answer.event_types(), ["GenreDescribed"]);
    }
}
