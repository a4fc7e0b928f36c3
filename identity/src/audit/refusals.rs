//! Refusals on their way into the trail: nobody waits for them, and there is an end to how many wait.

use std::{sync::Arc, time::Duration};

use metrics::{counter, describe_counter};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{Instant, MissedTickBehavior, interval},
};

use super::{AuditTrail, Entry, gathering::Gathering};

/// How many may wait to be gathered.
const WAITING_MAX: usize = 1024;

/// How often what was gathered is written.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// How many are written at once: what strangers can make us write each second.
const WRITTEN_AT_ONCE_MAX: usize = 64;

/// How long what waits may take to be written when the process ends.
const LAST_MAX: Duration = Duration::from_secs(5);

const DROPPED_TOTAL: &str = "cinelog_audit_dropped_total";
const WRITTEN_TOTAL: &str = "cinelog_audit_refusals_written_total";

/// Where refusals are handed in. Clones are the same.
#[derive(Debug, Clone)]
pub struct Refusals(Sender<Entry>);

/// What writes them.
#[derive(Debug)]
pub struct RefusalsWriter {
    waiting: Receiver<Entry>,
    gathering: Gathering,
    trail: Arc<dyn AuditTrail>,
}

/// Somewhere to hand refusals in, and what writes them to `trail` while it is [run](RefusalsWriter::run).
#[must_use]
pub fn refusals(trail: Arc<dyn AuditTrail>) -> (Refusals, RefusalsWriter) {
    describe_counter!(DROPPED_TOTAL, "Refusals that are not in the audit trail, for want of room.");
    describe_counter!(
        WRITTEN_TOTAL,
        "Entries of refusals that were written; one may stand for many."
    );
    for name in [DROPPED_TOTAL, WRITTEN_TOTAL] {
        counter!(name).increment(0);
    }
    let (sender, waiting) = channel(WAITING_MAX);
    (Refusals(sender), RefusalsWriter { waiting, gathering: Gathering::default(), trail })
}

impl Refusals {
    /// Hands one in. Returns at once; where too many wait, it is counted as dropped.
    pub fn offer(&self, entry: Entry) {
        if self.0.try_send(entry).is_err() {
            counter!(DROPPED_TOTAL).increment(1);
        }
    }
}

impl RefusalsWriter {
    /// Writes what is handed in, about once a second, until `stop`; then the rest. A trail that cannot be
    /// written is logged, and tried again.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut ticks = interval(WRITE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                // In this order: a flood keeps nobody from stopping, nor from writing.
                biased;
                () = &mut stop => break,
                _ = ticks.tick() => self.write(false).await,
                Some(entry) = self.waiting.recv() => self.gather(entry),
            }
        }
        while let Ok(entry) = self.waiting.try_recv() {
            self.gather(entry);
        }
        if tokio::time::timeout(LAST_MAX, self.write(true)).await.is_err() {
            tracing::warn!("the last refusals could not be written to the audit trail in time");
        }
    }

    fn gather(&mut self, entry: Entry) {
        if !self.gathering.add(entry) {
            counter!(DROPPED_TOTAL).increment(1);
        }
    }

    /// Writes what may be written now. What fails goes back, unless it is the end.
    async fn write(&mut self, is_last: bool) {
        let most = if is_last { usize::MAX } else { WRITTEN_AT_ONCE_MAX };
        let entries = self.gathering.take(Instant::now(), most, is_last);
        if entries.is_empty() {
            return;
        }
        let count = entries.len() as u64;
        match self.trail.record(&entries).await {
            Ok(()) => counter!(WRITTEN_TOTAL).increment(count),
            Err(error) => {
                tracing::warn!(%error, count, "refusals could not be written to the audit trail");
                entries.into_iter().for_each(|entry| self.gather(entry));
            }
        }
    }
}
