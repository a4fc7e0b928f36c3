//! `GET /v1/movies/{id}/genres`, and the same for tags, platforms and people.

use axum::{Extension, extract::State, response::Response};
use events::MovieId;
use http_kit::{Path, Problem};

use crate::{
    collections::Facets,
    documentation::{FacetListParameters, ListOfProblems},
    listing::{List, respond},
    noun::Noun,
    read::Read,
    representation::Facet,
    state::Shared,
};

/// Lists the {nouns} of a film.
///
/// Each with the number of films that it has.
#[utoipa::path(
    get,
    path = "/v1/movies/{id}/{nouns}",
    operation_id = "list_{nouns}_of_movie",
    tag = "{nouns}",
    params(("id" = uuid::Uuid, Path, description = "The film."), FacetListParameters),
    responses(
        (status = 200, description = "A page of the list.", body = List<Facet>),
        (status = 206, description = "What `Range` asked for.", body = List<Facet>),
        ListOfProblems
    ),
)]
pub(crate) async fn handler(
    State(state): State<Shared>,
    Extension(noun): Extension<Noun>,
    Path(movie): Path<MovieId>,
    read: Read,
) -> Result<Response, Problem> {
    let arguments = read.arguments(Facets::parameters())?;
    respond(&state, &read, &arguments, &Facets::new(noun, Some(movie), &arguments)).await
}
