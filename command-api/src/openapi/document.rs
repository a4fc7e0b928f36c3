//! The document that the routes' own parts are added to.

use http_kit::ProblemDocument;
use utoipa::OpenApi;

use super::{BulkLine, BulkResult, BulkResults, GenreReceipt, MovieReceipt};
use crate::{
    jobs::JobDocument,
    receipt::{DryRun, ReceiptEvent, ReceiptLinks},
};

#[derive(OpenApi)]
#[openapi(
    components(schemas(
        ProblemDocument,
        MovieReceipt,
        GenreReceipt,
        ReceiptEvent,
        ReceiptLinks,
        DryRun,
        BulkLine,
        BulkResult,
        BulkResults,
        JobDocument
    )),
    tags(
        (name = "movies", description = "Films"),
        (name = "ratings", description = "What people think of films"),
        (name = "tags", description = "Free labels on films"),
        (name = "platforms", description = "Where films can be watched"),
        (name = "genres", description = "Kinds of films"),
        (name = "jobs", description = "Bulk requests that are carried out later"),
    )
)]
struct Document;

/// The parts that every operation refers to.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
