//! The parameters that OpenAPI names for each route.

use events::Slug;
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required, SchemaFormat, Type,
        path::{Parameter as OpenApiParameter, ParameterBuilder, ParameterIn},
    },
};

use super::text;
use crate::{
    collections::{Facets, Movies, Ratings},
    parameter::{Parameter, TEXT_PATTERN},
    routes::{film_parameters, my_rating_parameters},
};

/// Declares types that stand for the parameters of a route.
macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident = $parameters:expr;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<OpenApiParameter> {
                $parameters
            }
        }
    )+};
}

parameters! {
    /// Of lists of films.
    MovieListParameters = documented(Movies::parameters());
    /// Of lists of genres, tags, platforms and people.
    FacetListParameters = documented(Facets::parameters());
    /// Of lists of ratings.
    RatingListParameters = documented(Ratings::parameters());
    /// Of a single film.
    FilmParameters = documented(film_parameters());
    /// Of the caller's own rating.
    MyRatingParameters = documented(my_rating_parameters());
    /// A slug in the path.
    SlugParameter = {
        let slug = text().min_length(Some(1)).max_length(Some(Slug::MAX_CHARS));
        let slug = slug.pattern(Some(TEXT_PATTERN));
        vec![in_path("slug", slug, "The slug, or the name that it was made of.")]
    };
    /// Which event schema.
    SchemaParameters = vec![
        in_path("type", text().min_length(Some(1)).max_length(Some(64)), "The type of event."),
        in_path(
            "version",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::Custom("int64".to_owned())))
                .minimum(Some(1))
                .maximum(Some(u32::MAX)),
            "The version of that type.",
        ),
    ];
}

fn documented(parameters: &[Parameter]) -> Vec<OpenApiParameter> {
    parameters.iter().filter(|each| each.documented).map(Parameter::openapi).collect()
}

fn in_path(name: &str, schema: ObjectBuilder, description: &str) -> OpenApiParameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
