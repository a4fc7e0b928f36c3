//! A subscription: pages of the log, then a wait for the appender's next commit, and so on.
//!
//! There is nothing to switch between catching up and being live: both read what comes after the
//! last event seen, which is why there can be neither a gap nor a repeat. While it is behind, the next
//! page is read when the one before is given out, so that reading and what is done with it overlap.

use std::time::Duration;

use events::{Position, RecordedEvent};
use futures::{StreamExt, stream};
use sqlx::SqlitePool;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{
    failure::damaged_at,
    read::{self, Page, PageLimits},
};
use crate::{EventBatches, LogError};

const PAGE: PageLimits = PageLimits { events_max: 1024, bytes_max: 4 << 20 };

pub(super) struct Subscription {
    readers: SqlitePool,
    /// The position of the last commit of this process.
    head: watch::Receiver<Position>,
    /// The last event that was given out.
    seen: Position,
    /// The page after it, where that is being read already.
    ahead: Option<JoinHandle<Result<Page, LogError>>>,
    /// How long to wait for a commit of this process before looking for one of another.
    wait_max: Duration,
}

impl Subscription {
    pub(super) fn new(
        readers: SqlitePool,
        head: watch::Receiver<Position>,
        from: Position,
        wait_max: Duration,
    ) -> Self {
        Self { readers, head, seen: from, ahead: None, wait_max }
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
            if self.ahead.is_none() && *self.head.borrow_and_update() <= self.seen {
                self.wait().await?;
            }
            let Page { events, is_full } = self.page().await?;
            if let Some(last) = events.last() {
                self.seen = last.position;
                if is_full {
                    self.ahead = Some(self.read());
                }
                return Ok(events);
            }
        }
    }

    async fn wait(&mut self) -> Result<(), LogError> {
        match timeout(self.wait_max, self.head.changed()).await {
            Ok(Err(_closed)) => Err(LogError::Unavailable("the log is closed".to_owned())),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// The next page, which may be empty.
    async fn page(&mut self) -> Result<Page, LogError> {
        let reading = self.ahead.take().unwrap_or_else(|| self.read());
        let page = reading.await.map_err(|error| LogError::Unavailable(error.to_string()))??;
        let mut expected = self.seen;
        for event in &page.events {
            expected = expected.next();
            if event.position != expected {
                return Err(damaged_at(expected, "it is missing"));
            }
        }
        Ok(page)
    }

    /// Reads in a task of its own: a subscriber that stops polling half-way must not keep a reader
    /// from the others.
    fn read(&self) -> JoinHandle<Result<Page, LogError>> {
        let (readers, seen) = (self.readers.clone(), self.seen);
        tokio::spawn(async move { read::page(&readers, seen, PAGE).await })
    }
}
