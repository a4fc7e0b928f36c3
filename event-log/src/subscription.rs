//! A subscription to a log whose positions have no gaps: pages of it, then a wait for the next commit,
//! and so on. It knows no store.
//!
//! There is nothing to switch between catching up and being live: both read what comes after the
//! last event seen, which is why there can be neither a gap nor a repeat. While it is behind, the next
//! page is read when the one before is given out, so that reading and what is done with it overlap.

use std::{sync::Arc, time::Duration};

use events::{Position, RecordedEvent};
use futures::{StreamExt, future::BoxFuture, stream};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{EventBatches, LogError};

/// What a subscription asks for at once.
pub(crate) const PAGE: PageLimits = PageLimits { events_max: 1024, bytes_max: 4 << 20 };

/// How much a page holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    /// Events.
    pub(crate) events_max: usize,
    /// Bytes of event data; the event that reaches it is the page's last.
    pub(crate) bytes_max: usize,
}

/// A part of the log.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) events: Vec<RecordedEvent>,
    /// Whether it ends where its limits are, rather than where the log did.
    pub(crate) is_full: bool,
}

/// Reads the page after a position, at most [`PAGE`] of it.
pub(crate) type ReadPage =
    Arc<dyn Fn(Position) -> BoxFuture<'static, Result<Page, LogError>> + Send + Sync>;

pub(crate) struct Subscription {
    read: ReadPage,
    /// As far as the log has come, as this process knows.
    head: watch::Receiver<Position>,
    /// The last event that was given out.
    seen: Position,
    /// The page after it, where that is being read already.
    ahead: Option<JoinHandle<Result<Page, LogError>>>,
    /// How long to wait for news before looking for oneself.
    wait_max: Duration,
}

impl Subscription {
    pub(crate) fn new(
        read: ReadPage,
        head: watch::Receiver<Position>,
        from: Position,
        wait_max: Duration,
    ) -> Self {
        Self { read, head, seen: from, ahead: None, wait_max }
    }

    /// The batches, which end after an error.
    pub(crate) fn batches(self) -> EventBatches {
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
                let (position, reason) = (Some(expected), "it is missing".to_owned());
                return Err(LogError::Damaged { position, reason });
            }
        }
        Ok(page)
    }

    /// Reads in a task of its own: a subscriber that stops polling half-way must not keep a reader
    /// from the others.
    fn read(&self) -> JoinHandle<Result<Page, LogError>> {
        tokio::spawn((self.read)(self.seen))
    }
}
