//! The JSON Schemas of the events, which a CloudEvent's `dataschema` leads to.

pub(super) mod get;
pub(super) mod list;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{ETag, Problem, respond_conditional};
use serde::Serialize;

use crate::listing::{json, short_hash};

/// Answers with something that only a new version of Cinelog changes.
fn respond(request: &HeaderMap, content: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(content).map_err(Problem::internal)?;
    let mut headers = HeaderMap::new();
    let cache_control = HeaderValue::from_static("public, max-age=3600");
    headers.insert(header::CACHE_CONTROL, cache_control);
    let tag = ETag::strong(short_hash(&body));
    Ok(respond_conditional(request, &tag, None, headers, || json(StatusCode::OK, body)))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::ReadModel;

    #[tokio::test]
    async fn every_schema_in_the_list_is_served() {
        let model = ReadModel::new().await;
        let list = model.get("/v1/schemas").await;
        assert!(list.each("type").contains(&"MovieCreated".into()));
        for links in list.each("links") {
            let address = links["self"].as_str().unwrap().to_owned();
            let schema = model.get(&address).await;
            assert_eq!(schema.status, StatusCode::OK);
            assert_eq!(schema.json["$id"], address);
            assert_eq!(schema.header("cache-control"), "public, max-age=3600");
        }
    }

    #[tokio::test]
    async fn there_is_no_schema_of_what_never_was() {
        let model = ReadModel::new().await;
        for address in ["/v1/schemas/MovieCreated/99", "/v1/schemas/MovieEaten/1"] {
            assert_eq!(model.get(address).await.status, StatusCode::NOT_FOUND, "{address}");
        }
        let answer = model.get("/v1/schemas/MovieCreated/first").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}
