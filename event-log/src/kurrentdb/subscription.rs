//! A subscription: pages of the log, then a wait, and so on.
//!
//! Catching up and being live are the same: both read what comes after the last event seen, which is
//! why there can be neither a gap nor a repeat. Appends of this process end the wait at once; those of
//! others are found by asking the server for its last record, which says whether there is anything to
//! read. The server's own subscriptions are not used: where the server ends one in an orderly way, the
//! client at version 1.2 asks the ended stream again and again without ever letting go of its thread.

use std::time::Duration;

use events::{Position, RecordedEvent};
use futures::{StreamExt, stream};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::read::Reader;
use crate::{EventBatches, LogError, subscription::Page};

pub(super) struct Subscription {
    reader: Reader,
    /// As far as this process has appended. Ends when the log is closed.
    appended: watch::Receiver<Position>,
    /// There is nothing up to here that is still to be given out.
    seen: Position,
    /// The page after it, where that is being read already.
    ahead: Option<JoinHandle<Result<Found, LogError>>>,
    wait_max: Duration,
}

/// A page, and how far there is nothing else.
struct Found {
    page: Page,
    tip: Position,
}

impl Subscription {
    pub(super) fn new(
        reader: Reader,
        appended: watch::Receiver<Position>,
        from: Position,
        wait_max: Duration,
    ) -> Self {
        Self { reader, appended, seen: from, ahead: None, wait_max }
    }

    /// The batches, which end after an error.
    pub(super) fn batches(self) -> EventBatches {
        stream::try_unfold(self, |mut subscription| async move {
            let batch = subscription.next().await?;
            Ok(Some((batch, subscription)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        loop {
            let reading = self.ahead.take().unwrap_or_else(|| self.read());
            let Found { page, tip } =
                reading.await.map_err(|error| LogError::Unavailable(error.to_string()))??;
            if let Some(last) = page.events.last() {
                self.seen = last.position;
                if page.is_full {
                    self.ahead = Some(self.read());
                } else {
                    self.seen = tip.max(self.seen);
                }
                return Ok(page.events);
            }
            self.seen = tip.max(self.seen);
            self.wait().await?;
        }
    }

    async fn wait(&mut self) -> Result<(), LogError> {
        // What was appended before it is looked at here was perhaps read already; else it is now.
        if *self.appended.borrow_and_update() > self.seen {
            return Ok(());
        }
        let is_closed = tokio::select! {
            () = self.reader.connection.closed() => true,
            appended = timeout(self.wait_max, self.appended.changed()) => {
                matches!(appended, Ok(Err(_)))
            }
        };
        match is_closed {
            true => Err(LogError::Unavailable("the log is closed".to_owned())),
            false => Ok(()),
        }
    }

    /// Reads in a task of its own, so that what was begun ends, whoever polls.
    fn read(&self) -> JoinHandle<Result<Found, LogError>> {
        let (reader, seen) = (self.reader.clone(), self.seen);
        tokio::spawn(async move {
            // First the end, then what is before it: what comes in between is found next time.
            let tip = reader.tip().await?;
            let page = match tip > seen {
                true => reader.next_page(seen).await?,
                false => Page { events: Vec::new(), is_full: false },
            };
            Ok(Found { page, tip })
        })
    }
}
