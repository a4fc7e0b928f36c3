//! What the routes' OpenAPI descriptions have in common: parameters, refusals, headers.

mod headers;
mod parameters;
mod refusals;
#[cfg(test)]
mod tests;

use http_kit::ProblemDocument;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, OpenApi, RefOr, Schema, Type,
        schema::{AdditionalProperties, Components},
    },
};

pub(crate) use self::{
    parameters::{
        FacetListParameters, FilmParameters, MovieListParameters, MyRatingParameters,
        RatingListParameters, SchemaParameters, SlugParameter,
    },
    refusals::{ItemProblems, ListOfProblems, ListProblems, PrivateProblems, SchemaListProblems},
};

/// An event's JSON Schema: any object, as far as this document is concerned.
pub(crate) struct EventSchema;

impl PartialSchema for EventSchema {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A JSON Schema (draft 2020-12)."))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .into()
    }
}

impl ToSchema for EventSchema {}

/// Adds what the routes' own descriptions leave out: the schema of problems, and response headers.
pub(crate) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    let problem = (ProblemDocument::name().into_owned(), ProblemDocument::schema());
    let mut schemas = vec![problem];
    ProblemDocument::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = &mut item.get {
            headers::describe(path, operation);
        }
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
