//! `GET /v1/schemas`: every event type in every version there ever was.

use axum::response::Response;
use events::schema;
use http_kit::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::respond;
use crate::{documentation::SchemaListProblems, read::Read};

/// All event schemas.
#[derive(Debug, Serialize, ToSchema)]
struct EventSchemas {
    /// One entry for each version of each type, old versions before new.
    items: Vec<EventSchemaItem>,
}

/// One version of an event type.
#[derive(Debug, Serialize, ToSchema)]
struct EventSchemaItem {
    /// The type.
    #[serde(rename = "type")]
    #[schema(example = "MovieCreated")]
    event_type: &'static str,
    /// The version.
    #[schema(minimum = 1)]
    version: u32,
    /// Where to go from here.
    links: EventSchemaLinks,
}

/// Where to go from an event schema's entry.
#[derive(Debug, Serialize, ToSchema)]
struct EventSchemaLinks {
    /// The schema.
    #[serde(rename = "self")]
    #[schema(format = "uri-reference", example = "/v1/schemas/MovieCreated/2")]
    this: String,
}

/// Lists the schemas of all events.
#[utoipa::path(
    get,
    path = "/v1/schemas",
    operation_id = "list_schemas",
    tag = "schemas",
    responses((status = 200, description = "The list.", body = EventSchemas), SchemaListProblems),
)]
pub(crate) async fn handler(read: Read) -> Result<Response, Problem> {
    read.arguments(&[])?;
    let items = schema::all().map(|(event_type, version)| EventSchemaItem {
        event_type,
        version,
        links: EventSchemaLinks { this: format!("/v1/schemas/{event_type}/{version}") },
    });
    respond(&read.headers, &EventSchemas { items: items.collect() })
}
