//! The routes: an endpoint a file.

mod facets;
mod movies;
mod ratings;
mod schemas;

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
    router
}
