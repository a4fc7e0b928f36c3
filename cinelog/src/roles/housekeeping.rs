//! What is done now and then: forgetting idempotency keys that have been kept long enough. A job that is
//! not finished keeps all that were remembered when it was made: it may still meet them.

use std::{sync::Arc, time::Duration};

use command_api::Jobs;
use event_log::EventLog;
use http_kit::Clock;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Tasks, ticks::each};

/// How often it is done.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Starts to forget keys that were remembered for `keep`, until told to stop.
pub(super) fn start(
    log: Arc<dyn EventLog>,
    clock: Clock,
    jobs: Jobs,
    keep: Duration,
    stop: CancellationToken,
    tasks: &mut Tasks,
) {
    tasks.spawn(each(EVERY, stop, async move || {
        forget(log.as_ref(), clock.now(), &jobs, keep).await;
    }));
}

/// Forgets what was kept long enough. A failure is logged, and tried again the next time.
async fn forget(log: &dyn EventLog, now: Timestamp, jobs: &Jobs, keep: Duration) {
    let Some(before) = cutoff(now, jobs.oldest_unfinished(), keep) else { return };
    match log.forget_keys(before).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "idempotency keys forgotten"),
        Err(error) => tracing::warn!(%error, "idempotency keys could not be forgotten"),
    }
}

/// Before when a key must have been used to be forgotten: `keep` ago, or what that was when the oldest job
/// that is not finished was made.
fn cutoff(now: Timestamp, oldest_job: Option<Timestamp>, keep: Duration) -> Option<Timestamp> {
    oldest_job.map_or(now, |made| made.min(now)).checked_sub(keep).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_forgotten_that_was_remembered_when_an_unfinished_job_was_made() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (now, day) = (at("2026-01-10T00:00:00Z"), Duration::from_secs(24 * 60 * 60));
        assert_eq!(cutoff(now, None, day), Some(at("2026-01-09T00:00:00Z")));
        let made = Some(at("2026-01-05T00:00:00Z"));
        assert_eq!(cutoff(now, made, day), Some(at("2026-01-04T00:00:00Z")));
        let ahead = Some(at("2026-02-01T00:00:00Z"));
        assert_eq!(cutoff(now, ahead, day), Some(at("2026-01-09T00:00:00Z")));
    }
}
