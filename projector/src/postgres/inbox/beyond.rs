//! Clears the inbox of what is none of the log's: events that claim positions beyond its end. Nothing ever
//! follows on them and no checkpoint passes them, so they would wait for ever, in the place of what comes
//! after them on their partition.
//!
//! Why nothing goes that is the log's: an event is in the log before it can come by Kafka. Here the inbox
//! is read first and the log is asked for its end a long while later, and only what was read then and still
//! stands beyond that end is thrown away. What comes in between was not read, and stays; an event that the log
//! has got meanwhile does not stand beyond its end, and stays. The while is for logs that are read from a
//! standby. Behind one that lags for longer, what is thrown away is read from it later, as is whatever
//! does not come by Kafka.

use std::{mem, time::Duration};

use event_log::{EventLog, LogError};
use events::Position;
use tokio::time::Instant;

use super::PostgresInbox;

/// What stood beyond the end of the log at the last look.
pub(super) struct Beyond {
    seen: Vec<Position>,
    look_at: Instant,
}

impl Beyond {
    /// Has seen nothing yet, and looks at once.
    pub(super) fn new() -> Self {
        Self { seen: Vec::new(), look_at: Instant::now() }
    }

    /// Looks, where the last look was `every` ago, and throws away what it saw and the log still has not.
    ///
    /// # Errors
    /// [`LogError`] where the log cannot say where it ends. That the inbox cannot be read is no error.
    pub(super) async fn clear(
        &mut self,
        inbox: &PostgresInbox,
        log: &dyn EventLog,
        every: Duration,
    ) -> Result<(), LogError> {
        if Instant::now() < self.look_at {
            return Ok(());
        }
        let seen = mem::take(&mut self.seen);
        // Not before: see above.
        let head = log.head().await?;
        if !seen.is_empty() {
            match inbox.discard_beyond(head, &seen).await {
                Ok(0) => {}
                Ok(events) => tracing::warn!(
                    events,
                    %head,
                    "events that came by Kafka and that the log does not have are thrown away"
                ),
                Err(error) => tracing::debug!(%error, "what no log has stays in the inbox"),
            }
        }
        // Where that cannot be read, there is another look.
        self.seen = inbox.beyond(head).await.unwrap_or_default();
        self.look_at = Instant::now() + every;
        Ok(())
    }
}
