//! What a process tells of itself: lines in its log, and spans for an OpenTelemetry Collector. Metrics are
//! asked for, and stand in `http-kit`.

mod logging;
#[cfg(feature = "otlp")]
mod otlp;

use uuid::Uuid;

pub(crate) use self::logging::{log_to_stderr, warn_on_stderr};
use crate::{
    config::{Roles, TelemetryConfig},
    error::Failure,
};

/// The recording of spans, where the configuration wants it: it refuses an address where this binary has
/// no OpenTelemetry.
pub(crate) struct Spans {
    #[cfg(feature = "otlp")]
    traces: Option<otlp::Traces>,
}

impl Spans {
    /// Records the spans of this process from now on. `instance` tells it from others.
    ///
    /// # Errors
    /// Where a file that the configuration names cannot be read or used.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(unused_variables, clippy::unnecessary_wraps, reason = "there is nothing to start")
    )]
    pub(crate) fn record(
        config: &TelemetryConfig,
        roles: &Roles,
        instance: Uuid,
    ) -> Result<Self, Failure> {
        Ok(Self {
            #[cfg(feature = "otlp")]
            traces: otlp::Traces::start(config, roles, instance)?,
        })
    }

    /// Sends the last ones, if they are taken at once.
    pub(crate) async fn finish(self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces {
            traces.finish().await;
        }
    }
}
