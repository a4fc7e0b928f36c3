//! The sample catalogue, which the binary carries so that a demo needs no file.

use std::sync::Arc;

use event_log::EventLog;
use http_kit::Clock;

use crate::{
    error::Failure,
    import::{Importer, Known},
};

const CATALOGUE: &str = include_str!("../../samples/movies.ndjson");

/// Adds the films that were never there; gives how many. One that somebody has changed or deleted stays
/// so.
pub(crate) async fn load(log: Arc<dyn EventLog>, clock: Clock) -> Result<u64, Failure> {
    let importer = Importer::new(log, clock, Known::LeaveAlone);
    let bytes = CATALOGUE.len() as u64;
    let summary =
        importer.import("Loading the sample catalogue", bytes, CATALOGUE.as_bytes()).await?;
    match summary.refused {
        0 => Ok(summary.created),
        refused => Err(Failure::Other(format!("{refused} films of the sample were refused"))),
    }
}
