//! Counters in memory keep what the port promises.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rate_limit::{
    MemoryRateCounters,
    suite::{Fixture, Ground},
};

/// The clock of a test's runtime, which stands still but for what it is told.
struct Paused;

#[async_trait]
impl Ground for Paused {
    async fn elapse(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    async fn was_counted_on(&self) {}
}

async fn fresh() -> Fixture {
    tokio::time::pause();
    let counters = Arc::new(MemoryRateCounters::new());
    Fixture { one: counters.clone(), other: counters, ground: Arc::new(Paused) }
}

rate_limit::rate_counters_suite!(fresh);
