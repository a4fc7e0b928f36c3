//! What belongs to neither API: the front page, the OpenAPI document and its documentation pages.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    middleware::map_response,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http_kit::{ETag, respond_conditional};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// What belongs to a build of the program may be kept for a while, and then be asked for by its tag.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The routes. `openapi` is the document of [`crate::openapi`].
pub(crate) fn routes(openapi: &Value) -> Router {
    // Swagger UI comes out of the binary; it asks this server only, for the document.
    let documentation = SwaggerUi::new("/docs")
        .config(Config::from("/openapi.json").show_extensions(true).validator_url("none"));
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/v1") }))
        .route("/v1", get(|| async { Json(index()) }))
        .route("/openapi.json", get(document).with_state(Document::of(openapi)))
        .merge(Router::from(documentation).layer(map_response(keep)))
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

/// Lets caches keep what is part of the program.
async fn keep(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE_CONTROL);
    response
}

/// The OpenAPI document as it is sent.
#[derive(Clone)]
struct Document {
    body: Bytes,
    tag: ETag,
}

impl Document {
    fn of(openapi: &Value) -> Self {
        let body = openapi.to_string();
        let hash = Sha256::digest(&body);
        let tag = hash[..8].iter().fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        Self { body: body.into(), tag: ETag::strong(tag) }
    }
}

async fn document(State(document): State<Document>, request: HeaderMap) -> Response {
    let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, CACHE_CONTROL)]);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    respond_conditional(&request, &document.tag, None, headers, || {
        (kind, document.body).into_response()
    })
}
