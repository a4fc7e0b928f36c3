//! `GET /v1/movies/{id}`: one film.

use std::sync::{Arc, LazyLock};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use events::MovieId;
use http::StatusCode;
use http_kit::{ETag, Path, Problem, respond_conditional};
use read_model::{Checkpoint, MovieDocument};

use crate::{
    cache::{About, cacheable},
    documentation::{FilmParameters, ItemProblems},
    failure::no_such_movie,
    fields::Fields,
    listing::json,
    parameter::Parameter,
    read::Read,
    representation::{Movie, MovieView},
    state::Shared,
    store::Store,
};

static PARAMETERS: LazyLock<[Parameter; 1]> =
    LazyLock::new(|| [Fields::parameter(&Movie::FIELDS, Movie::ALWAYS)]);

/// The parameters of a single film.
pub(crate) fn parameters() -> &'static [Parameter] {
    &*PARAMETERS
}

/// Shows a film.
///
/// Its `ETag` changes with every edit and with every rating; `If-Match` on a command compares only
/// the revision of the catalogue entry, which is the number after the `r`.
#[utoipa::path(
    get,
    path = "/v1/movies/{id}",
    operation_id = "get_movie",
    tag = "movies",
    params(("id" = uuid::Uuid, Path, description = "The film."), FilmParameters),
    responses((status = 200, description = "The film.", body = MovieView), ItemProblems),
)]
pub(crate) async fn handler(
    State(state): State<Shared>,
    Path(id): Path<MovieId>,
    read: Read,
) -> Result<Response, Problem> {
    let fields = Fields::asked(&read.arguments(parameters())?, Movie::ALWAYS);
    let find = async |store: Arc<dyn Store>| Ok(store.movie(id).await?);
    let (checkpoint, film) = state.fresh(&read, find).await?;
    let film = film.ok_or_else(no_such_movie)?;
    let tag = tag(&film, checkpoint, &fields);
    let changed_at = film.rating.changed_at.max(Some(film.updated_at));
    let about = [About::Film(id)];
    let headers = read.public_headers(&state, checkpoint, &about, None);
    let film = MovieView::of(Movie::alone(film), &fields).map_err(Problem::internal)?;
    let body = serde_json::to_vec(&film).map_err(Problem::internal)?;
    let mark = cacheable(checkpoint, about);
    let answer = || (Extension(mark), json(StatusCode::OK, body)).into_response();
    Ok(respond_conditional(&read.headers, &tag, changed_at, headers, answer))
}

/// The film's two revisions, the read model's generation, and the number of the film's shape: all that
/// the body depends on.
fn tag(film: &MovieDocument, checkpoint: Checkpoint, fields: &Fields) -> ETag {
    ETag::strong(format!(
        "r{}.{}.g{}.s{}{}",
        film.revision,
        film.rating_revision,
        checkpoint.generation,
        Movie::REPRESENTATION,
        fields.tag_suffix()
    ))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http_kit::ProblemType;

    use crate::testing::{Kind, ReadModel, film, on_every_store};

    async fn a_film_is_shown_with_all_its_fields(kind: Kind) {
        let ran = film("Ran");
        let model = ReadModel::of(kind, std::slice::from_ref(&ran)).await;
        let answer = model.get(&format!("/v1/movies/{}", ran.id)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json["title"], "Ran");
        assert_eq!(answer.json["year"], serde_json::Value::Null);
        assert_eq!(answer.json["rating"]["histogram"]["10"], 0);
        assert_eq!(answer.json["links"]["self"], format!("/v1/movies/{}", ran.id));
        assert_eq!(answer.header("etag"), "\"r1.0.g1.s1\"");
        assert_eq!(answer.header("last-modified"), "Wed, 01 May 2024 12:00:00 GMT");
        assert_eq!(answer.header("vary"), "Cinelog-Min-Position");
    }

    async fn a_new_rating_changes_the_tag_but_not_its_catalogue_revision(kind: Kind) {
        let mut ran = film("Ran");
        let model = ReadModel::of(kind, std::slice::from_ref(&ran)).await;
        let address = format!("/v1/movies/{}", ran.id);
        let known = model.get(&address).await;
        let known = [("if-none-match", known.header("etag"))];
        assert_eq!(model.ask("GET", &address, &known).await.status, StatusCode::NOT_MODIFIED);
        ran.rating_revision = 1;
        ran.rating.changed_at = Some("2024-06-01T00:00:00Z".parse().unwrap());
        model.put_film(&ran).await;
        let answer = model.ask("GET", &address, &known).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("etag"), "\"r1.1.g1.s1\"");
        assert_eq!(answer.header("last-modified"), "Sat, 01 Jun 2024 00:00:00 GMT");
    }

    async fn a_part_of_a_film_has_a_tag_of_its_own(kind: Kind) {
        let ran = film("Ran");
        let model = ReadModel::of(kind, std::slice::from_ref(&ran)).await;
        let answer = model.get(&format!("/v1/movies/{}?fields=title", ran.id)).await;
        assert_eq!(answer.json, serde_json::json!({"id": ran.id, "title": "Ran"}));
        assert!(answer.header("etag").starts_with("\"r1.0.g1.s1.f"));
    }

    async fn a_rebuild_changes_every_tag(kind: Kind) {
        let ran = film("Ran");
        let model = ReadModel::of(kind, std::slice::from_ref(&ran)).await;
        model.rebuild().await;
        let answer = model.get(&format!("/v1/movies/{}", ran.id)).await;
        assert_eq!(answer.header("etag"), "\"r1.0.g2.s1\"");
    }

    async fn a_film_that_is_deleted_or_never_was_is_not_found(kind: Kind) {
        let mut gone = film("Gone");
        gone.deleted = true;
        let model = ReadModel::of(kind, std::slice::from_ref(&gone)).await;
        for id in [gone.id, film("Never").id] {
            let problem = model.get(&format!("/v1/movies/{id}")).await.problem.unwrap();
            assert_eq!(problem.problem_type(), ProblemType::NotFound);
        }
        let bad = model.get("/v1/movies/17").await.problem.unwrap();
        assert_eq!(bad.problem_type(), ProblemType::InvalidParameter);
    }

    on_every_store! {
        a_film_is_shown_with_all_its_fields,
        a_new_rating_changes_the_tag_but_not_its_catalogue_revision,
        a_part_of_a_film_has_a_tag_of_its_own,
        a_rebuild_changes_every_tag,
        a_film_that_is_deleted_or_never_was_is_not_found,
    }
}
