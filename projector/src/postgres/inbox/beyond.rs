//! Removes events from the inbox that claim positions beyond the end of the log. They are not the log's: no event
//! follows them and no checkpoint passes them, so they would stay for ever, and take up their partition's room.
//!
//! Why no event of the log is lost by this: an event is in the log before it can come by Kafka. Here the inbox
//! is read first, and the log is asked for its end a long while later. Only what was read then, and is still
//! beyond that end, is thrown away. An event that came in between was not read then, and stays. The long while
//! is for logs that are read from a standby. If one lags even longer, an event that was thrown away is read
//! from it later, like any event that does not come by Kafka.

use std::{mem, time::Duration};

use event_log::{EventLog, LogError};
use events::Position;
use tokio::time::Instant;

use super::PostgresInbox;

/// The positions that were beyond the end of the log at the last look.
pub(super) struct Beyond {
    seen: Vec<Position>,
    look_at: Instant,
}

impl Beyond {
    /// Nothing has been seen yet; the first look is due at once.
    pub(super) fn new() -> Self {
        Self { seen: Vec::new(), look_at: Instant::now() }
    }

    /// If the last look was `every` ago: throws away what it saw and what is still beyond the log's end, and
    /// looks again.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot say where it ends. That the inbox cannot be read is no error.
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
        // Only now, long after `seen` was read: see above.
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
        // If that cannot be read, the next look reads it.
        self.seen = inbox.beyond(head).await.unwrap_or_default();
        self.look_at = Instant::now() + every;
        Ok(())
    }
}
