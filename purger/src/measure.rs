//! Metrics of purging. Handles are looked up once.

use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use crate::{GatewayAddress, request::PurgeError};

const PURGES: &str = "cinelog_gateway_purges_total";
const PENDING: &str = "cinelog_gateway_purge_pending_groups";
const DELAY: &str = "cinelog_gateway_purge_delay_seconds";

/// Describes the metrics.
pub(crate) fn describe() {
    describe_counter!(PURGES, Unit::Count, "Attempts to tell a gateway what to forget.");
    describe_gauge!(PENDING, Unit::Count, "Groups that a gateway did not take yet.");
    let delay = "From when a node hears of a change until a gateway has forgotten what it changed.";
    describe_histogram!(DELAY, Unit::Seconds, delay);
}

/// The handles of one gateway.
pub(crate) struct Measure {
    done: Counter,
    failed: Counter,
    refused: Counter,
    pending: Gauge,
    delay: Histogram,
}

impl Measure {
    pub(crate) fn of(address: &GatewayAddress) -> Self {
        let gateway = address.to_string();
        let outcome = |outcome: &'static str| counter!(PURGES, "gateway" => gateway.clone(), "outcome" => outcome);
        let measure = Self {
            done: outcome("done"),
            failed: outcome("failed"),
            refused: outcome("refused"),
            pending: gauge!(PENDING, "gateway" => gateway.clone()),
            delay: histogram!(DELAY, "gateway" => gateway.clone()),
        };
        for counter in [&measure.done, &measure.failed, &measure.refused] {
            counter.absolute(0);
        }
        measure.pending.set(0.0);
        measure
    }

    /// What came of an attempt.
    pub(crate) fn asked(&self, done: &Result<(), PurgeError>) {
        match done {
            Ok(()) => self.done.increment(1),
            Err(PurgeError::Refused(_)) => self.refused.increment(1),
            Err(PurgeError::Unreachable(_) | PurgeError::Failing(_)) => self.failed.increment(1),
        }
    }

    /// How many groups are left.
    #[expect(clippy::cast_precision_loss, reason = "there are a few thousand at most")]
    pub(crate) fn pending(&self, groups: usize) {
        self.pending.set(groups as f64);
    }

    /// How long the first of some groups waited.
    pub(crate) fn took(&self, delay: Duration) {
        self.delay.record(delay);
    }
}
