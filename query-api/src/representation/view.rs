//! A film, or the part of it that was asked for.

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{AdditionalProperties, AnyOfBuilder},
    },
};

use super::Movie;
use crate::fields::Fields;

/// A film of which only some fields were asked for; `id` is always there.
pub(crate) struct MoviePart;

impl PartialSchema for MoviePart {
    fn schema() -> RefOr<Schema> {
        let mut schema = Movie::schema();
        if let RefOr::T(Schema::Object(film)) = &mut schema {
            film.description = Some("A film with only the fields that were asked for.".to_owned());
            film.required = vec!["id".to_owned()];
            film.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
        schema
    }
}

impl ToSchema for MoviePart {}

/// A film as it was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum MovieView {
    /// All of it.
    Whole(Box<Movie>),
    /// Some fields of it.
    Part(serde_json::Value),
}

impl MovieView {
    /// The fields of a film that are wanted.
    ///
    /// # Errors
    /// None: a film is always JSON.
    pub(crate) fn of(film: Movie, fields: &Fields) -> Result<Self, serde_json::Error> {
        Ok(match fields {
            Fields::All => Self::Whole(Box::new(film)),
            Fields::Some(_) => Self::Part(fields.keep(serde_json::to_value(film)?)),
        })
    }
}

impl PartialSchema for MovieView {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .description(Some("A film; with `fields`, only a part of one."))
            .item(Ref::from_schema_name("Movie"))
            .item(Ref::from_schema_name("MoviePart"))
            .into()
    }
}

impl ToSchema for MovieView {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Movie::name().into_owned(), Movie::schema()));
        schemas.push((MoviePart::name().into_owned(), MoviePart::schema()));
        Movie::schemas(schemas);
    }
}
