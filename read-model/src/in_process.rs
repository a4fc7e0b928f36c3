//! The change feed of a single process: a bounded broadcast channel.

use std::sync::Arc;

use async_broadcast::{InactiveReceiver, Receiver, RecvError, Sender, broadcast};
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};

use crate::{ChangeFeed, Checkpoint, FeedItem, ReadModelChanged};

/// A [`ChangeFeed`] within one process.
#[derive(Debug)]
pub struct InProcessChangeFeed {
    sender: Sender<Arc<ReadModelChanged>>,
    /// Keeps the channel open while nobody listens.
    _open: InactiveReceiver<Arc<ReadModelChanged>>,
}

impl InProcessChangeFeed {
    /// A feed that holds at most `capacity` changes (at least 1) for its slowest subscriber.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let (mut sender, receiver) = broadcast(capacity.max(1));
        sender.set_overflow(true);
        sender.set_await_active(false);
        Self { sender, _open: receiver.deactivate() }
    }
}

#[async_trait]
impl ChangeFeed for InProcessChangeFeed {
    async fn publish(&self, change: ReadModelChanged) {
        // With overflow the channel is never full, and `_open` keeps it from being closed; without
        // subscribers there is nobody to tell.
        drop(self.sender.try_broadcast(Arc::new(change)));
    }

    fn subscribe(&self) -> BoxStream<'static, FeedItem> {
        let subscription =
            Subscription { receiver: self.sender.new_receiver(), reached: None, held: None };
        stream::unfold(subscription, |mut subscription| async move {
            let item = subscription.next().await?;
            Some((item, subscription))
        })
        .boxed()
    }
}

struct Subscription {
    receiver: Receiver<Arc<ReadModelChanged>>,
    /// Where the last change led.
    reached: Option<Checkpoint>,
    /// A change that waits behind a `Missed`.
    held: Option<Arc<ReadModelChanged>>,
}

impl Subscription {
    async fn next(&mut self) -> Option<FeedItem> {
        if let Some(change) = self.held.take() {
            return Some(FeedItem::Changed(change));
        }
        match self.receiver.recv_direct().await {
            Ok(change) => {
                let reached = self.reached.replace(change.checkpoint);
                if reached.is_none_or(|reached| reached == change.previous) {
                    return Some(FeedItem::Changed(change));
                }
                self.held = Some(change);
                Some(FeedItem::Missed)
            }
            Err(RecvError::Overflowed(_)) => {
                self.reached = None;
                Some(FeedItem::Missed)
            }
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use events::Position;
    use futures::{FutureExt, StreamExt, executor::block_on};

    use super::*;

    fn at(position: u64) -> Checkpoint {
        Checkpoint { generation: 1, position: Position(position) }
    }

    fn change(from: u64, to: u64) -> ReadModelChanged {
        ReadModelChanged {
            previous: at(from),
            checkpoint: at(to),
            movies: Vec::new(),
            facets: Vec::new(),
        }
    }

    fn changed(from: u64, to: u64) -> FeedItem {
        FeedItem::Changed(Arc::new(change(from, to)))
    }

    /// What is there now, without waiting.
    fn received(items: &mut BoxStream<'static, FeedItem>) -> Vec<FeedItem> {
        std::iter::from_fn(|| items.next().now_or_never().flatten()).collect()
    }

    #[test]
    fn every_subscriber_gets_every_change_in_order() {
        let feed = InProcessChangeFeed::new(8);
        let (mut one, mut other) = (feed.subscribe(), feed.subscribe());
        block_on(feed.publish(change(0, 1)));
        block_on(feed.publish(change(1, 3)));
        assert_eq!(received(&mut one), [changed(0, 1), changed(1, 3)]);
        assert_eq!(received(&mut other), [changed(0, 1), changed(1, 3)]);
    }

    #[test]
    fn a_subscriber_gets_nothing_from_before_it_came() {
        let feed = InProcessChangeFeed::new(8);
        block_on(feed.publish(change(0, 1)));
        let mut late = feed.subscribe();
        block_on(feed.publish(change(1, 2)));
        assert_eq!(received(&mut late), [changed(1, 2)]);
    }

    #[test]
    fn a_slow_subscriber_is_told_that_it_missed_something_and_holds_nobody_up() {
        let feed = InProcessChangeFeed::new(2);
        let mut slow = feed.subscribe();
        for position in 0..5 {
            block_on(feed.publish(change(position, position + 1)));
        }
        assert_eq!(received(&mut slow), [FeedItem::Missed, changed(3, 4), changed(4, 5)]);
    }

    #[test]
    fn a_gap_between_two_changes_is_told() {
        let feed = InProcessChangeFeed::new(8);
        let mut items = feed.subscribe();
        block_on(feed.publish(change(0, 1)));
        block_on(feed.publish(change(4, 5)));
        assert_eq!(received(&mut items), [changed(0, 1), FeedItem::Missed, changed(4, 5)]);
    }

    #[test]
    fn a_subscription_ends_when_the_feed_is_gone() {
        let feed = InProcessChangeFeed::new(8);
        let mut items = feed.subscribe();
        drop(feed);
        assert_eq!(block_on(items.next()), None);
    }
}
