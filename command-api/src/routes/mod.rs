//! The endpoints, one file each: `routes/<noun>/<verb>.rs`.

mod bulk;
mod genres;
mod jobs;
mod movies;
mod platforms;
mod ratings;
mod tags;
#[cfg(test)]
mod without_body_tests;

use axum::routing::post;
use events::{MovieId, Slug};
use http_kit::{
    access::{self, RateGroup, Role, Row, Scope, Takes},
    encode_component,
};

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

/// What changes of the catalogue take, and so do jobs for as long as they go on.
pub(crate) const EDITS: Takes = Takes::caller(Role::Editor, Scope::CatalogueWrite);

/// What the routes take: a row for each.
#[must_use]
pub fn access() -> Vec<Row> {
    const RATES: Takes = Takes::caller(Role::Member, Scope::Ratings);
    vec![
        Row::post("/v1/movies", EDITS, RateGroup::Write),
        Row::post("/v1/movies/bulk", EDITS, RateGroup::Write),
        // Whose job it is, the handlers say: others are told that there is none.
        Row::get("/v1/jobs/{id}", EDITS, RateGroup::Read),
        Row::delete("/v1/jobs/{id}", EDITS, RateGroup::Write),
        Row::get("/v1/jobs/{id}/results", EDITS, RateGroup::Read),
        Row::put("/v1/movies/{id}", EDITS, RateGroup::Write),
        Row::patch("/v1/movies/{id}", EDITS, RateGroup::Write),
        Row::delete("/v1/movies/{id}", EDITS, RateGroup::Write),
        Row::post("/v1/movies/{id}", EDITS, RateGroup::Write),
        Row::post(RESTORE_ADDRESS, EDITS, RateGroup::Write),
        // `me` is the caller: nobody rates for others.
        Row::put("/v1/movies/{id}/ratings/me", RATES, RateGroup::Rate),
        Row::delete("/v1/movies/{id}/ratings/me", RATES, RateGroup::Rate),
        Row::put("/v1/movies/{id}/tags/{tag}", EDITS, RateGroup::Write),
        Row::delete("/v1/movies/{id}/tags/{tag}", EDITS, RateGroup::Write),
        Row::put("/v1/movies/{id}/platforms/{platform}", EDITS, RateGroup::Write),
        Row::delete("/v1/movies/{id}/platforms/{platform}", EDITS, RateGroup::Write),
        Row::post("/v1/genres", EDITS, RateGroup::Write),
        Row::put("/v1/genres/{slug}", EDITS, RateGroup::Write),
    ]
}

fn all() -> OpenApiRouter<CommandState> {
    let mut router = OpenApiRouter::with_openapi(document())
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
        .routes(methods!(genres::put::put_genre));
    access::describe(router.get_openapi_mut(), &access());
    router
}

fn movie_subject(movie: MovieId) -> Subject {
    Subject { id: SubjectId::Id(movie), address: format!("/v1/movies/{movie}") }
}

fn genre_subject(slug: &Slug) -> Subject {
    let segment = encode_component(slug.as_str());
    Subject { id: SubjectId::Slug(slug.clone()), address: format!("/v1/genres/{segment}") }
}
