//! Schemas of request bodies.

use domain::limits::{CAST_MAX, NAMES_MAX, RATINGS, RUNTIME_MINUTES, TMDB_IDS, YEARS};
use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type},
    },
};

use super::schemas::{
    country, genre_description, ignored, imdb, language, name, names, original_title, release_date,
    synopsis, title, whole, whole_or_null,
};
use crate::routes::READ_ONLY_FIELDS;

/// A body that is described here and read elsewhere.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident = $schema:expr) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl ToSchema for $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
            }
        }
    };
}

body! {
    /// A film that is to be created.
    NewMovie = movie().required("title").description(Some(
        "A film. What is left out or `null` is unknown; without `year`, the year of `release_date` \
         counts."
    ))
}

body! {
    /// A film as it is to be from now on.
    MovieReplacement = read_only(movie()).required("title").description(Some(
        "A film, whole: what is left out or `null` is taken away. What a film carries when it is read \
         and no editor decides on may be sent back, and is ignored. `expected_version` (a whole \
         number) may be added: it says which revision is to be replaced, as `If-Match` does."
    ))
}

body! {
    /// What is to change of a film.
    MoviePatch = read_only(movie()).description(Some(
        "A JSON Merge Patch (RFC 7396): what is left out stays as it is, `null` takes it away, a list \
         replaces the whole list. What a film carries when it is read and no editor decides on may be \
         sent back, and is ignored. `expected_version` (a whole number) may be added: it says which \
         revision is to be changed, as `If-Match` does."
    ))
}

body! {
    /// One's own rating.
    RatingOfMine = object()
        .property("value", whole(&RATINGS, "From 1 (worst) to 10 (best)."))
        .required("value")
        .examples([json!({"value": 8})])
}

body! {
    /// What is said of a genre.
    GenreDescription = object()
        .property("name", name("How it is written."))
        .property("description", genre_description())
        .required("name")
        .examples([json!({"name": "Film Noir", "description": "Crime, rain, and no way out."})])
}

fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

/// The fields that editors decide on.
fn movie() -> ObjectBuilder {
    let external_ids = object()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .property("imdb", imdb())
        .property("tmdb", whole_or_null(&TMDB_IDS, "TMDB's id."))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .description(Some("What other catalogues call it."));
    object()
        .property("title", title("The title it is listed under."))
        .property("original_title", original_title())
        .property("year", whole_or_null(&YEARS, "Year of first release."))
        .property("release_date", release_date())
        .property("runtime_minutes", whole_or_null(&RUNTIME_MINUTES, "Length in minutes."))
        .property("synopsis", synopsis())
        .property("genres", names(NAMES_MAX, "Its genres."))
        .property("tags", names(NAMES_MAX, "Free labels, in no order."))
        .property("platforms", names(NAMES_MAX, "Where it can be watched, in no order."))
        .property("directors", names(NAMES_MAX, "Its directors, in order of credit."))
        .property("cast", names(CAST_MAX, "Its actors, in order of billing."))
        .property("studios", names(NAMES_MAX, "The studios that made it."))
        .property("language", language())
        .property("country", country())
        .property("external_ids", external_ids)
        .examples([json!({
            "title": "In the Mood for Love",
            "original_title": "花樣年華",
            "year": 2000,
            "runtime_minutes": 98,
            "genres": ["Drama", "Romance"],
            "directors": ["Wong Kar-wai"],
            "cast": ["Tony Leung Chiu-wai", "Maggie Cheung"],
            "language": "zh",
            "country": "HK",
            "external_ids": {"imdb": "tt0118694"},
        })])
}

/// Adds what a film carries when it is read and no editor decides on. It is not marked `readOnly`:
/// OpenAPI says that such a field should not be sent, and here it may be.
fn read_only(movie: ObjectBuilder) -> ObjectBuilder {
    READ_ONLY_FIELDS.iter().fold(movie, |movie, field| movie.property(*field, ignored()))
}
