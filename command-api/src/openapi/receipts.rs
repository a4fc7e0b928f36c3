//! Schemas of receipts. A receipt of a film has its `id`, one of a genre its `slug`, so that neither is
//! taken for the other; [`crate::receipt::Receipt`] is both.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Object, Ref, RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, Type},
    },
};

use super::schemas::uuid;
use crate::receipt::{ReceiptEvent, ReceiptLinks};

/// The receipt of a command about a film or a rating.
pub(crate) struct MovieReceipt;

/// The receipt of a command about a genre.
pub(crate) struct GenreReceipt;

impl ToSchema for MovieReceipt {}

impl PartialSchema for MovieReceipt {
    fn schema() -> RefOr<Schema> {
        receipt("id", uuid("The film."))
    }
}

impl ToSchema for GenreReceipt {}

impl PartialSchema for GenreReceipt {
    fn schema() -> RefOr<Schema> {
        let slug = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(events::Slug::MAX_CHARS))
            .description(Some("The genre."))
            .examples([json!("film-noir")]);
        receipt("slug", slug.build())
    }
}

fn receipt(name: &str, id: Object) -> RefOr<Schema> {
    let number = |description: &str| {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .description(Some(description))
    };
    let events = ArrayBuilder::new()
        .items(Ref::from_schema_name(ReceiptEvent::name()))
        .description(Some("What happened. Empty where all was already as it was asked for."));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("What was done, and where it stands in the log."))
        .property(name, id)
        .property("revision", number("The revision now; also the `ETag`."))
        .property(
            "position",
            number(
                "Where it stands in the log; also `Cinelog-Position`. A read with this \
                 `Cinelog-Min-Position` sees what was done.",
            ),
        )
        .property("events", events)
        .property("links", Ref::from_schema_name(ReceiptLinks::name()))
        .required(name)
        .required("revision")
        .required("position")
        .required("events")
        .required("links")
        .into()
}
