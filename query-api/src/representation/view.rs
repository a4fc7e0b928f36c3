//! A film or a rating, or the part of it that was asked for.

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{AdditionalProperties, AnyOfBuilder},
    },
};

use super::{Movie, Rating};
use crate::fields::Fields;

/// A film of which only some fields were asked for; `id` is always there.
pub(crate) struct MoviePart;

impl PartialSchema for MoviePart {
    fn schema() -> RefOr<Schema> {
        part(Movie::schema(), "A film", Movie::ALWAYS)
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

/// A rating of which only some fields were asked for; `value` is always there.
pub(crate) struct RatingPart;

impl PartialSchema for RatingPart {
    fn schema() -> RefOr<Schema> {
        part(Rating::schema(), "A rating", Rating::ALWAYS)
    }
}

impl ToSchema for RatingPart {}

/// A rating as it was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum RatingView {
    /// All of it.
    Whole(Rating),
    /// Some fields of it.
    Part(serde_json::Value),
}

impl RatingView {
    /// The fields of a rating that are wanted.
    ///
    /// # Errors
    /// None: a rating is always JSON.
    pub(crate) fn of(rating: Rating, fields: &Fields) -> Result<Self, serde_json::Error> {
        Ok(match fields {
            Fields::All => Self::Whole(rating),
            Fields::Some(_) => Self::Part(fields.keep(serde_json::to_value(rating)?)),
        })
    }
}

impl PartialSchema for RatingView {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .description(Some("A rating; with `fields`, only a part of one."))
            .item(Ref::from_schema_name("Rating"))
            .item(Ref::from_schema_name("RatingPart"))
            .into()
    }
}

impl ToSchema for RatingView {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Rating::name().into_owned(), Rating::schema()));
        schemas.push((RatingPart::name().into_owned(), RatingPart::schema()));
    }
}

/// The schema of a part of something: any of its fields, but always this one.
fn part(mut whole: RefOr<Schema>, what: &str, always: &str) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut whole {
        object.description = Some(format!("{what} with only the fields that were asked for."));
        object.required = vec![always.to_owned()];
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    }
    whole
}
