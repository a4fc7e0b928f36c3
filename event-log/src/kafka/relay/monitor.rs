//! Looks, again and again, how far the relay is behind the log: also while another relay leads, and while
//! Kafka is away.

use std::{convert::Infallible, sync::Arc, time::Duration};

use events::Position;
use tokio::time::{MissedTickBehavior, interval};

use super::{RelayStatus, checkpoint::Reader};
use crate::{
    EventLog, LogError,
    kafka::{KafkaOptions, blocking},
};

/// How often.
const EVERY: Duration = Duration::from_secs(1);

/// How many events the log has.
async fn events_in(log: &dyn EventLog) -> Result<u64, LogError> {
    match log.head().await? {
        Position::START => Ok(0),
        head => Ok(log.digest(head).await?.count),
    }
}

/// Never ends.
pub(super) async fn run(
    log: Arc<dyn EventLog>,
    options: &KafkaOptions,
    status: &RelayStatus,
) -> Infallible {
    let looks_at_log = async {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match events_in(log.as_ref()).await {
                Ok(count) => status.logged(count),
                // Who leads reads it too, and says so.
                Err(error) => tracing::debug!(%error, "it is not known how far the log is"),
            }
        }
    };
    // By itself: a Kafka that does not answer holds up no look at the log.
    let looks_at_kafka = async {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reader = None;
        loop {
            ticks.tick().await;
            let (options, open) = (options.clone(), reader.take());
            let looked = blocking(move || {
                let open = match open {
                    Some(open) => open,
                    None => Reader::open(&options)?,
                };
                let last = open.last();
                Ok((open, last))
            });
            let last = looked.await.and_then(|(open, last)| {
                reader = Some(open);
                last
            });
            status.saw(last);
        }
    };
    tokio::select! {
        never = looks_at_log => never,
        never = looks_at_kafka => never,
    }
}
