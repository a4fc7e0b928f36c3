//! `GET /v1/schemas/{type}/{version}`: the JSON Schema of one version of an event type.

use axum::response::Response;
use events::schema;
use http_kit::{Path, Problem, ProblemType};
use serde::Deserialize;

use super::respond;
use crate::{
    documentation::{EventSchema, ItemProblems, SchemaParameters},
    read::Read,
};

/// Which schema.
#[derive(Deserialize)]
pub(crate) struct SchemaName {
    #[serde(rename = "type")]
    event_type: String,
    version: u32,
}

/// Shows the schema of an event.
#[utoipa::path(
    get,
    path = "/v1/schemas/{type}/{version}",
    operation_id = "get_schema",
    tag = "schemas",
    params(SchemaParameters),
    responses((status = 200, description = "The schema.", body = EventSchema), ItemProblems),
)]
pub(crate) async fn handler(
    Path(SchemaName { event_type, version }): Path<SchemaName>,
    read: Read,
) -> Result<Response, Problem> {
    read.arguments(&[])?;
    let schema = schema::of(&event_type, version).ok_or_else(|| {
        Problem::new(ProblemType::NotFound).detail("There is no such event type or version.")
    })?;
    respond(&read.headers, &schema)
}
