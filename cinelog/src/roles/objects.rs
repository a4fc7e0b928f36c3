//! Watches over the store of objects. That it is away stops nothing: films can be read and changed without
//! their posters. So it is told as a metric and in the log, and readiness does not ask for it.

use std::time::{Duration, SystemTime};

use http_kit::Clock;
use metrics::{describe_gauge, gauge};
use objects::Objects;
use tokio_util::sync::CancellationToken;

use super::ticks::each;
use crate::error::Failure;

/// How often is looked whether it answers.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// For how long nothing was written to a file that a killed writer has left. Longer than any upload takes.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

const UP: &str = "cinelog_objects_up";

/// Looks whether the store answers, until told to stop.
pub(super) async fn watch(
    objects: Objects,
    clock: Clock,
    stop: CancellationToken,
) -> Result<(), Failure> {
    objects::describe_metrics();
    describe_gauge!(UP, "Whether the store of objects answered when it was last asked: 1 or 0");
    if let Err(error) = objects.delete_leftovers(SystemTime::from(clock.now()), LEFTOVER_AGE).await
    {
        tracing::warn!(%error, store = %objects, "what killed writers left could not be looked for");
    }
    let mut was_up = true;
    each(LOOK_EVERY, stop, async move || was_up = look(&objects, was_up).await).await
}

/// Looks whether it answers, and says so where that is news.
async fn look(objects: &Objects, was_up: bool) -> bool {
    let health = objects.health().await;
    gauge!(UP).set(if health.is_ok() { 1.0 } else { 0.0 });
    match &health {
        Err(error) if was_up => {
            tracing::warn!(%error, store = %objects, "the store of objects does not answer");
        }
        Ok(()) if !was_up => tracing::info!(store = %objects, "the store of objects answers again"),
        _ => {}
    }
    health.is_ok()
}
