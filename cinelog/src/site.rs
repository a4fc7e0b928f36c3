//! What belongs to neither API: the front page, the OpenAPI document and its documentation pages.

use std::sync::Arc;

use axum::{Json, Router, response::Redirect, routing::get};
use serde_json::{Value, json};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The routes. `openapi` is the document of [`crate::openapi`].
pub(crate) fn routes(openapi: Value) -> Router {
    let openapi = Arc::new(openapi);
    // Swagger UI comes out of the binary; it asks this server only, for the document.
    let documentation = SwaggerUi::new("/docs")
        .config(Config::from("/openapi.json").show_extensions(true).validator_url("none"));
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/v1") }))
        .route("/v1", get(|| async { Json(index()) }))
        .route("/openapi.json", get(move || async move { Json(Value::clone(&openapi)) }))
        .merge(documentation)
}

/// Where a client that knows nothing can go.
fn index() -> Value {
    json!({
        "name": "Cinelog",
        "version": env!("CARGO_PKG_VERSION"),
        "links": {
            "self": "/v1",
            "movies": "/v1/movies",
            "genres": "/v1/genres",
            "tags": "/v1/tags",
            "platforms": "/v1/platforms",
            "people": "/v1/people",
            "schemas": "/v1/schemas",
            "documentation": "/docs",
            "openapi": "/openapi.json",
        },
    })
}
