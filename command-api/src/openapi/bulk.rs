//! Schemas of bulk requests and their results.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Type},
    },
};

use super::{MoviePatch, MovieReplacement, NewMovie, schemas::uuid};
use http_kit::ProblemDocument;

/// The body of a bulk request. A schema can say of it that it is text, and no more.
pub(crate) struct BulkLines;

/// A line of a bulk request.
pub(crate) struct BulkLine;

/// The answer to a line.
pub(crate) struct BulkResult;

/// The results of a bulk request.
pub(crate) struct BulkResults;

impl ToSchema for BulkLines {}

impl PartialSchema for BulkLines {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Lines that end in a line feed, each a JSON document in UTF-8 of at most 1 MiB: a \
                 `BulkLine`. Whatever a line is, it is answered with a line: one that is no JSON with a \
                 problem. The last may lack its end.",
            ))
            .into()
    }
}

impl ToSchema for BulkResults {}

impl PartialSchema for BulkResults {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "One line for each line that is not blank, in order, each a `BulkResult`.",
            ))
            .into()
    }
}

impl ToSchema for BulkLine {}

impl PartialSchema for BulkLine {
    fn schema() -> RefOr<Schema> {
        let id = || uuid("The film.");
        AnyOfBuilder::new()
            .description(Some("A film that is to be created, or an operation on one."))
            .item(Ref::from_schema_name(NewMovie::name()))
            .item(
                operation(&["create"])
                    .property("movie", Ref::from_schema_name(NewMovie::name()))
                    .required("movie"),
            )
            .item(
                guarded(&["put"])
                    .property("id", id())
                    .property("movie", Ref::from_schema_name(MovieReplacement::name()))
                    .required("id")
                    .required("movie"),
            )
            .item(
                guarded(&["patch"])
                    .property("id", id())
                    .property("movie", Ref::from_schema_name(MoviePatch::name()))
                    .required("id")
                    .required("movie"),
            )
            .item(guarded(&["delete", "restore"]).property("id", id()).required("id"))
            .into()
    }
}

/// An operation of one of these names.
fn operation(names: &[&str]) -> ObjectBuilder {
    let op = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names.iter().map(|name| json!(name))))
        .description(Some("What is to be done."));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("op", op)
        .required("op")
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
}

/// An operation on a film that may be there.
fn guarded(names: &[&str]) -> ObjectBuilder {
    operation(names).property(
        "expected_version",
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .description(Some("The revision that it is meant for, as `If-Match` says it.")),
    )
}

impl ToSchema for BulkResult {}

impl PartialSchema for BulkResult {
    fn schema() -> RefOr<Schema> {
        let number = |minimum: isize, description: &str| {
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(minimum))
                .description(Some(description))
        };
        let events = ArrayBuilder::new()
            .items(ObjectBuilder::new().schema_type(Type::Object))
            .description(Some("The events that would be appended, as CloudEvents."));
        let result = || {
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .property("line", number(1, "The number of the line; blank lines count."))
                .property("status", number(200, "What the single command would be answered with."))
                .required("line")
                .required("status")
        };
        AnyOfBuilder::new()
            .description(Some("The answer to a line: done, or what would be done, or why not."))
            .item(
                result()
                    .property("id", uuid("The film."))
                    .property("revision", number(0, "Its revision now."))
                    .property("position", number(0, "Where it stands in the log."))
                    .required("id")
                    .required("revision")
                    .required("position"),
            )
            .item(
                result()
                    .property("revision", number(0, "The revision that the events would lead to."))
                    .property("events", events)
                    .required("revision")
                    .required("events"),
            )
            .item(
                result()
                    .property("problem", Ref::from_schema_name(ProblemDocument::name()))
                    .required("problem"),
            )
            .into()
    }
}
