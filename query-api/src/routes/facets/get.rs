//! `GET /v1/genres/{slug}`, and the same for tags, platforms and people.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use http_kit::{ETag, Path, Problem, respond_conditional};

use super::SlugInPath;
use crate::{
    cache::{About, cacheable},
    documentation::{ItemProblems, SlugParameter},
    listing::{json, short_hash},
    noun::Noun,
    read::Read,
    representation::Facet,
    state::Shared,
    store::Store,
};

/// Shows a {noun}.
///
/// With the number of films that it has.
#[utoipa::path(
    get,
    path = "/v1/{nouns}/{slug}",
    operation_id = "get_{noun}",
    tag = "{nouns}",
    params(SlugParameter),
    responses((status = 200, description = "What has this slug.", body = Facet), ItemProblems),
)]
pub(crate) async fn handler(
    State(state): State<Shared>,
    Extension(noun): Extension<Noun>,
    Path(SlugInPath(slug)): Path<SlugInPath>,
    read: Read,
) -> Result<Response, Problem> {
    read.arguments(&[])?;
    let find = async |store: Arc<dyn Store>| Ok(store.facet(noun.kind, &slug).await?);
    let (checkpoint, facet) = state.fresh(&read, find).await?;
    let facet = facet.ok_or_else(|| noun.no_such(&slug))?;
    let about = [About::Facet((noun.kind, slug))];
    let headers = read.public_headers(&state, checkpoint, &about, None);
    let revision = facet.revision;
    let body = serde_json::to_vec(&Facet::new(facet, noun)).map_err(Problem::internal)?;
    // The revision stands first, as in a film's tag, for `If-Match` on commands to find.
    let generation = checkpoint.generation;
    let tag = ETag::strong(format!("r{revision}.{}.g{generation}", short_hash(&body)));
    let mark = cacheable(checkpoint, about);
    let answer = || (Extension(mark), json(StatusCode::OK, body)).into_response();
    Ok(respond_conditional(&read.headers, &tag, None, headers, answer))
}
