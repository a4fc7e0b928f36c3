//! What is done now and then: forgetting idempotency keys that have been kept long enough.

use std::{sync::Arc, time::Duration};

use event_log::EventLog;
use http_kit::Clock;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::error::Failure;

/// How often it is done.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Runs until told to stop. A failure is logged and tried again the next time.
pub(crate) async fn run(
    log: Arc<dyn EventLog>,
    clock: Clock,
    keep: Duration,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let Ok(before) = clock.now().checked_sub(keep) else { continue };
        match log.forget_keys(before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "idempotency keys forgotten"),
            Err(error) => tracing::warn!(%error, "idempotency keys could not be forgotten"),
        }
    }
}
