//! What belongs to neither API: the front page, the OpenAPI document and its documentation pages.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::map_response,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http_kit::{
    ETag, ProblemDocument,
    access::{RateGroup, Row, Takes, describe},
    respond_conditional,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::{OpenApi as _, ToSchema, openapi::OpenApi};
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
        .route("/v1", get(front_page))
        .route("/openapi.json", get(document).with_state(Document::of(openapi)))
        .merge(Router::from(documentation).layer(map_response(keep)))
}

/// What the routes take: anyone.
pub(crate) fn access() -> Vec<Row> {
    let pages = ["/", "/v1", "/openapi.json", "/docs", "/docs/", "/docs/{*rest}"];
    pages.map(|path| Row::get(path, Takes::Anyone, RateGroup::Read)).into()
}

/// What OpenAPI says of those that answer JSON.
pub(crate) fn openapi() -> OpenApi {
    let mut document = SiteDocument::openapi();
    describe(&mut document, &access());
    document
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(front_page))]
struct SiteDocument;

/// Where a client that knows nothing can go.
#[derive(Serialize, ToSchema)]
struct FrontPage {
    /// What answers here.
    #[schema(example = "Cinelog")]
    name: &'static str,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    links: FrontPageLinks,
}

/// Addresses on this server.
#[derive(Serialize, ToSchema)]
struct FrontPageLinks {
    #[serde(rename = "self")]
    this: &'static str,
    movies: &'static str,
    genres: &'static str,
    tags: &'static str,
    platforms: &'static str,
    people: &'static str,
    /// JSON Schemas of the events.
    schemas: &'static str,
    /// Pages for people.
    documentation: &'static str,
    /// The OpenAPI document.
    openapi: &'static str,
}

/// Where to begin
///
/// The lists that there are, and where they are described.
#[utoipa::path(
    get, path = "/v1", operation_id = "get_front_page", tag = "front page",
    responses(
        (status = 200, description = "Where to go.", body = FrontPage),
        (status = 406, description = "`Accept` rules out JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 414, description = "The address is too long.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 500, description = "Something went wrong here.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Not available at the moment.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
async fn front_page() -> Json<FrontPage> {
    Json(FrontPage {
        name: "Cinelog",
        version: env!("CARGO_PKG_VERSION"),
        links: FrontPageLinks {
            this: "/v1",
            movies: "/v1/movies",
            genres: "/v1/genres",
            tags: "/v1/tags",
            platforms: "/v1/platforms",
            people: "/v1/people",
            schemas: "/v1/schemas",
            documentation: "/docs",
            openapi: "/openapi.json",
        },
    })
}

/// What the pages of documentation may do: run and show what comes from here, and ask this server. Swagger UI
/// puts styles on its elements, and its pictures are in its style sheet.
const DOCUMENTATION_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// What a browser offers pages, and these do not need.
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Lets caches keep what is part of the program, and browsers run it.
async fn keep(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    headers.insert(header::CONTENT_SECURITY_POLICY, DOCUMENTATION_POLICY);
    headers.insert(
        PERMISSIONS_POLICY,
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
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
