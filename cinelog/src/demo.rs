//! The sample catalogue, which the binary carries so that a demo needs no file.

use std::sync::Arc;

use event_log::EventLog;

use crate::{
    error::Failure,
    import::{Importer, Known},
};

const CATALOGUE: &str = include_str!("../../samples/movies.ndjson");

/// Adds the films that were never there. One that somebody has changed or deleted stays so.
pub(crate) async fn load(log: Arc<dyn EventLog>) -> Result<(), Failure> {
    let importer = Importer::new(log, Known::LeaveAlone);
    let summary = importer.import("the sample catalogue", CATALOGUE.as_bytes()).await?;
    match summary.refused {
        0 => Ok(()),
        refused => Err(Failure::Other(format!("{refused} films of the sample were refused"))),
    }
}
