//! The audit trail: refusals are written while requests go on, and what was kept long enough is forgotten.

use std::{sync::Arc, time::Duration};

use http_kit::Clock;
use identity::audit::{AuditTrail, Refusals, refusals};
use jiff::Timestamp;

use super::{Tasks, ticks::each};
use crate::{config::Config, shutdown::Shutdown};

/// How often what is old is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(10 * 60);

/// How many entries are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: u32 = 1000;

/// How many such transactions there are at a time. The rest is done the next time: a day has room for 14
/// million entries.
const TRANSACTIONS_MAX: u32 = 100;

/// How many refusals are kept, of commands and of sign-ins each, however young: strangers make them. About
/// 300 bytes each.
const REFUSALS_KEPT: u64 = 1_000_000;

/// Starts what writes refusals and what forgets; gives where refusals are handed in.
pub(super) fn start(
    config: &Config,
    trail: &Arc<dyn AuditTrail>,
    clock: &Clock,
    stages: &Shutdown,
    tasks: &mut Tasks,
) -> Refusals {
    let (refusals, writer) = refusals(Arc::clone(trail));
    let stop = stages.stop_working.clone();
    tasks.spawn(async move {
        writer.run(stop.cancelled()).await;
        Ok(())
    });
    let (trail, clock, keep) = (Arc::clone(trail), clock.clone(), config.identity.audit_keep);
    tasks.spawn(each(FORGET_EVERY, stages.stop_working.clone(), async move || {
        forget(trail.as_ref(), clock.now(), keep).await;
    }));
    refusals
}

/// Forgets what was kept long enough. A failure is logged, and tried again the next time.
async fn forget(trail: &dyn AuditTrail, now: Timestamp, keep: Duration) {
    let before = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
    match forget_now(trail, before).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "entries of the audit trail forgotten"),
        Err(error) => tracing::warn!(%error, "the audit trail could not be shortened"),
    }
}

/// Forgets what is older than `before`, and refusals that are too many; gives how many entries.
async fn forget_now(
    trail: &dyn AuditTrail,
    before: Timestamp,
) -> Result<u64, identity::store::StoreError> {
    let mut forgotten = 0;
    for _ in 0..TRANSACTIONS_MAX {
        let count = trail.forget_before(before, FORGOTTEN_AT_ONCE).await?;
        forgotten += count;
        if count < u64::from(FORGOTTEN_AT_ONCE) {
            break;
        }
    }
    let refusals = trail.forget_refusals(REFUSALS_KEPT, FORGOTTEN_AT_ONCE, TRANSACTIONS_MAX);
    Ok(forgotten + refusals.await?)
}
