//! `GET /v1/genres/{slug}/movies`, and the same for tags, platforms and people.

use axum::{Extension, extract::State, response::Response};
use http_kit::{Path, Problem};

use super::SlugInPath;
use crate::{
    collections::Movies,
    documentation::{ListOfProblems, MovieListParameters, SlugParameter},
    listing::{List, respond},
    noun::Noun,
    read::Read,
    representation::MovieView,
    state::Shared,
};

/// Lists the films of a {noun}.
///
/// With all filters of `/v1/movies`.
#[utoipa::path(
    get,
    path = "/v1/{nouns}/{slug}/movies",
    operation_id = "list_movies_of_{noun}",
    tag = "{nouns}",
    params(SlugParameter, MovieListParameters),
    responses(
        (status = 200, description = "A page of films.", body = List<MovieView>),
        (status = 206, description = "The films that `Range` asked for.", body = List<MovieView>),
        ListOfProblems
    ),
)]
pub(crate) async fn handler(
    State(state): State<Shared>,
    Extension(noun): Extension<Noun>,
    Path(SlugInPath(slug)): Path<SlugInPath>,
    read: Read,
) -> Result<Response, Problem> {
    let arguments = read.arguments(Movies::parameters())?;
    respond(&state, &read, &arguments, &Movies::of(noun, slug, &arguments)).await
}
