//! `GET /v1/genres`, and the same for tags, platforms and people.

use axum::{Extension, extract::State, response::Response};
use http_kit::Problem;

use crate::{
    collections::Facets,
    documentation::{FacetListParameters, ListProblems},
    listing::{List, respond},
    noun::Noun,
    read::Read,
    representation::Facet,
    state::Shared,
};

/// Lists {nouns}.
///
/// Each with the number of films that it has.
#[utoipa::path(
    get,
    path = "/v1/{nouns}",
    operation_id = "list_{nouns}",
    tag = "{nouns}",
    params(FacetListParameters),
    responses(
        (status = 200, description = "A page of the list.", body = List<Facet>),
        (status = 206, description = "What `Range` asked for.", body = List<Facet>),
        ListProblems
    ),
)]
pub(crate) async fn handler(
    State(state): State<Shared>,
    Extension(noun): Extension<Noun>,
    read: Read,
) -> Result<Response, Problem> {
    let arguments = read.arguments(Facets::parameters())?;
    respond(&state, &read, &arguments, &Facets::new(noun, None, &arguments)).await
}
