//! A subscription: pages of the log, then a wait for the appender's next commit, and so on.
//!
//! There is nothing to switch between catching up and being live: both read what comes after the
//! last event seen, which is why there can be neither a gap nor a repeat.

use std::time::Duration;

use events::{Position, RecordedEvent};
use futures::{StreamExt, stream};
use sqlx::SqlitePool;
use tokio::{sync::watch, time::timeout};

use super::{
    failure::damaged_at,
    read::{self, PageLimits},
};
use crate::{EventBatches, LogError};

const PAGE: PageLimits = PageLimits { events_max: 512, bytes_max: 4 << 20 };

pub(super) struct Subscription {
    readers: SqlitePool,
    /// The position of the last commit of this process.
    head: watch::Receiver<Position>,
    /// The last event that was given out.
    seen: Position,
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
        Self { readers, head, seen: from, wait_max }
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
            if *self.head.borrow_and_update() <= self.seen {
                self.wait().await?;
            }
            let page = self.page().await?;
            if let Some(last) = page.last() {
                self.seen = last.position;
                return Ok(page);
            }
        }
    }

    async fn wait(&mut self) -> Result<(), LogError> {
        match timeout(self.wait_max, self.head.changed()).await {
            Ok(Err(_closed)) => Err(LogError::Unavailable("the log is closed".to_owned())),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Reads the next page in a task of its own: a subscriber that stops polling half-way must not
    /// keep a reader from the others.
    async fn page(&self) -> Result<Vec<RecordedEvent>, LogError> {
        let (readers, seen) = (self.readers.clone(), self.seen);
        let page = tokio::spawn(async move { read::page(&readers, seen, PAGE).await })
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))??;
        let mut expected = seen;
        for event in &page {
            expected = expected.next();
            if event.position != expected {
                return Err(damaged_at(expected, "it is missing"));
            }
        }
        Ok(page)
    }
}
