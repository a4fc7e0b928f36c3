//! The endpoints, one file each: `routes/<noun>/<verb>.rs`.

mod bulk;
mod genres;
mod jobs;
mod movies;
mod platforms;
mod ratings;
mod tags;

use axum::routing::post;
use events::{MovieId, Slug};
use http_kit::encode_component;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes as methods};

pub(crate) use movies::{MovieRequest, READ_ONLY_FIELDS};

use crate::{
    openapi::document,
    receipt::{Subject, SubjectId},
    state::CommandState,
};

/// Where a film can be restored as well as at its own address; [`openapi`] says nothing of it.
pub const RESTORE_ADDRESS: &str = "/v1/movies/{id}/restore";

/// The routes of the command API, without fallbacks or layers: whoever serves them merges them with
/// others first (axum panics where two merged routers have fallbacks).
pub fn routes(state: CommandState) -> OpenApiRouter {
    all().with_state(state)
}

/// What OpenAPI says of the routes, without a state: for whoever writes the document to a file.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<CommandState> {
    OpenApiRouter::with_openapi(document())
        .routes(methods!(movies::create::create_movie))
        .routes(methods!(bulk::post::bulk_movies))
        .routes(methods!(jobs::get::get_job, jobs::cancel::cancel_job))
        .routes(methods!(jobs::results::get_job_results))
        .routes(methods!(
            movies::put::put_movie,
            movies::patch::patch_movie,
            movies::delete::delete_movie,
            movies::restore::restore_movie
        ))
        .route(RESTORE_ADDRESS, post(movies::restore::restore_movie))
        .routes(methods!(ratings::put::put_my_rating, ratings::delete::delete_my_rating))
        .routes(methods!(tags::put::put_movie_tag, tags::delete::delete_movie_tag))
        .routes(methods!(
            platforms::put::put_movie_platform,
            platforms::delete::delete_movie_platform
        ))
        .routes(methods!(genres::create::create_genre))
        .routes(methods!(genres::put::put_genre))
}

fn movie_subject(movie: MovieId) -> Subject {
    Subject { id: SubjectId::Id(movie), address: format!("/v1/movies/{movie}") }
}

fn genre_subject(slug: &Slug) -> Subject {
    let segment = encode_component(slug.as_str());
    Subject { id: SubjectId::Slug(slug.clone()), address: format!("/v1/genres/{segment}") }
}
