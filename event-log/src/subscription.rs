//! A subscription to a log whose positions have no gaps: pages of it, then a wait for the next commit,
//! and so on. It knows no store.
//!
//! That there is news is all that it is told: where the log has come to, it sees for itself. What is said of
//! that may be made up, and a log that has lost its last commits in a fail-over is not where it was.
//!
//! There is nothing to switch between catching up and being live: both read what comes after the
//! last event seen, which is why there can be neither a gap nor a repeat. While it is behind, the next
//! page is read when the one before is given out, so that reading and what is done with it overlap.

use std::{sync::Arc, time::Duration};

use events::{Position, RecordedEvent};
use futures::{StreamExt, future::BoxFuture, stream};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{EventBatches, LogError, measure};

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
    /// Changes when the log may have grown; closed with the log.
    news: watch::Receiver<()>,
    /// The last event that was given out.
    seen: Position,
    /// The page after it, where that is being read already.
    ahead: Option<JoinHandle<Result<Page, LogError>>>,
    /// How long to wait for news before looking for oneself.
    wait_max: Duration,
    /// Whether there was nothing after `seen` when that was last looked at.
    is_at_end: bool,
}

impl Subscription {
    pub(crate) fn new(
        read: ReadPage,
        news: watch::Receiver<()>,
        from: Position,
        wait_max: Duration,
    ) -> Self {
        Self { read, news, seen: from, ahead: None, wait_max, is_at_end: false }
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
            if self.is_at_end {
                self.wait().await?;
            }
            let Page { events, is_full } = self.page().await?;
            self.is_at_end = !is_full;
            if let Some(last) = events.last() {
                self.seen = last.position;
                if is_full {
                    self.ahead = Some(self.read());
                } else {
                    measure::reached(self.seen);
                }
                return Ok(events);
            }
        }
    }

    async fn wait(&mut self) -> Result<(), LogError> {
        match timeout(self.wait_max, self.news.changed()).await {
            Ok(Err(_closed)) => Err(LogError::Unavailable("the log is closed".to_owned())),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// The next page, which may be empty.
    async fn page(&mut self) -> Result<Page, LogError> {
        let reading = match self.ahead.take() {
            Some(reading) => reading,
            None => self.read(),
        };
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
    /// from the others. What is news from now on, it may not have seen.
    fn read(&mut self) -> JoinHandle<Result<Page, LogError>> {
        self.news.mark_unchanged();
        tokio::spawn((self.read)(self.seen))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::{FutureExt, poll};

    use super::*;

    const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

    /// A subscription to a log without events, and how often it has looked.
    fn to_nothing(
        news: watch::Receiver<()>,
        wait_max: Duration,
    ) -> (EventBatches, Arc<AtomicUsize>) {
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let read: ReadPage = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(Page { events: vec![], is_full: false }) }.boxed()
        });
        (Subscription::new(read, news, Position::START, wait_max).batches(), looks)
    }

    /// Asks again and again, while others have their turn.
    async fn others_have_many_turns(batches: &mut EventBatches) {
        for _ in 0..100 {
            assert!(poll!(batches.next()).is_pending());
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn it_looks_once_for_each_news_and_waits_where_there_is_nothing() {
        let (sender, news) = watch::channel(());
        let (mut batches, looks) = to_nothing(news, NEVER);
        for seen in 1..5 {
            others_have_many_turns(&mut batches).await;
            assert_eq!(looks.load(Ordering::SeqCst), seen);
            sender.send_replace(());
        }
    }

    #[tokio::test]
    async fn without_news_it_looks_when_it_has_waited_for_long_enough() {
        let (_sender, news) = watch::channel(());
        let wait = Duration::from_millis(20);
        let (mut batches, looks) = to_nothing(news, wait);
        let started = std::time::Instant::now();
        while looks.load(Ordering::SeqCst) < 5 {
            assert!(timeout(wait, batches.next()).await.is_err());
        }
        assert!(started.elapsed() >= wait * 4, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn it_ends_with_the_log() {
        let (sender, news) = watch::channel(());
        let (mut batches, _) = to_nothing(news, NEVER);
        others_have_many_turns(&mut batches).await;
        drop(sender);
        assert!(matches!(batches.next().await, Some(Err(LogError::Unavailable(_)))));
    }
}
