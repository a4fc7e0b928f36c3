//! The relay role: publishes the log's events on Kafka. It answers nobody, and nobody waits for it.

use super::Tasks;
use crate::{shutdown::Shutdown, wire::Relay};

/// Starts to relay. It stops with the second stage, so that what the last requests have written is
/// published too, where Kafka takes it.
pub(super) fn start(relay: Relay, stages: &Shutdown, tasks: &mut Tasks) {
    let relaying = (relay.run)(stages.stop_working.clone());
    tasks.spawn(async {
        relaying.await;
        Ok(())
    });
}
