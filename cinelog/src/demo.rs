//! The sample catalogue, which the binary carries so that a demo needs no file.

use std::sync::Arc;

use event_log::EventLog;
use http_kit::Clock;

use crate::{
    error::Failure,
    import::{Carrier, Import, Importer, Known, Opened, Settings, Source},
};

const CATALOGUE: Source = Source::Text {
    name: "The sample catalogue",
    text: include_str!("../../samples/movies.ndjson"),
};

/// Adds the films that were never there; gives how many. One that somebody has changed or deleted stays
/// so.
pub(crate) async fn load(log: Arc<dyn EventLog>, clock: Clock) -> Result<u64, Failure> {
    let settings = Settings::usual(this_year(&clock));
    let opened = Opened::open(CATALOGUE, &settings).map_err(Failure::Other)?;
    let importer = Importer {
        carrier: Arc::new(Carrier::new(log, clock, Known::LeaveAlone)),
        catalogue: None,
        settings: Arc::new(settings),
    };
    let import = Import { opened, join: None, rejects: None, checkpoint: None, resumed: None };
    let summary = importer.import(import).await?;
    match summary.refused {
        0 => Ok(summary.created),
        refused => Err(Failure::Other(format!("{refused} films of the sample were refused"))),
    }
}

/// The year that it is.
pub(crate) fn this_year(clock: &Clock) -> i16 {
    clock.now().to_zoned(jiff::tz::TimeZone::UTC).year()
}
