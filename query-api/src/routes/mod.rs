//! The routes: an endpoint a file.

mod facets;
mod movies;
mod ratings;
mod schemas;

use http_kit::access::{self, RateGroup, Role, Row, Scope, Takes};
pub(crate) use movies::get::parameters as film_parameters;
pub(crate) use ratings::mine::parameters as my_rating_parameters;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{documentation, noun::Noun, state::Shared};

/// All of them.
pub(crate) fn all() -> OpenApiRouter<Shared> {
    let mut router = OpenApiRouter::new()
        .routes(routes!(movies::list::handler))
        .routes(routes!(movies::get::handler))
        .routes(routes!(ratings::list::handler))
        .routes(routes!(ratings::mine::handler))
        .routes(routes!(schemas::list::handler))
        .routes(routes!(schemas::get::handler));
    for noun in Noun::ALL {
        router = router
            .routes(facets::for_noun(noun, routes!(facets::list::handler)))
            .routes(facets::for_noun(noun, routes!(facets::get::handler)))
            .routes(facets::for_noun(noun, routes!(facets::movies::handler)))
            .routes(facets::for_noun(noun, routes!(facets::of_movie::handler)));
    }
    documentation::complete(router.get_openapi_mut());
    access::describe(router.get_openapi_mut(), &access());
    router
}

/// What the routes take: a row for each.
pub(crate) fn access() -> Vec<Row> {
    const ANYONE: Takes = Takes::Anyone;
    const RATES: Takes = Takes::caller(Role::Member, Scope::Ratings);
    let mut rows = vec![
        Row::get("/v1/movies", ANYONE, RateGroup::Search),
        Row::get("/v1/movies/{id}", ANYONE, RateGroup::Read),
        Row::get("/v1/movies/{id}/ratings", ANYONE, RateGroup::Read),
        Row::get("/v1/movies/{id}/ratings/me", RATES, RateGroup::Read),
        Row::get("/v1/schemas", ANYONE, RateGroup::Read),
        Row::get("/v1/schemas/{type}/{version}", ANYONE, RateGroup::Read),
    ];
    for noun in Noun::ALL {
        let nouns = noun.plural;
        rows.extend([
            Row::get(format!("/v1/{nouns}"), ANYONE, RateGroup::Search),
            Row::get(format!("/v1/{nouns}/{{slug}}"), ANYONE, RateGroup::Read),
            Row::get(format!("/v1/{nouns}/{{slug}}/movies"), ANYONE, RateGroup::Search),
            Row::get(format!("/v1/movies/{{id}}/{nouns}"), ANYONE, RateGroup::Read),
        ]);
    }
    rows
}
