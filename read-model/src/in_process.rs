//! The change feed of a single process: a bounded broadcast channel.

use std::sync::Arc;

use async_broadcast::{InactiveReceiver, Receiver, RecvError, Sender, broadcast};
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};

use crate::{ChangeFeed, Checkpoint, FeedItem, ReadModelChanged};

/// A [`ChangeFeed`] within one process. Feeds that cross processes hand out through one what they hear.
#[derive(Debug)]
pub struct InProcessChangeFeed {
    sender: Sender<FeedItem>,
    /// Keeps the channel open while nobody listens.
    _open: InactiveReceiver<FeedItem>,
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

    /// Hands an item to all subscribers, without waiting: [`FeedItem::Missed`] too, by whoever knows
    /// that something was lost on the way here.
    pub fn tell(&self, item: FeedItem) {
        // With overflow the channel is never full, and `_open` keeps it from being closed; without
        // subscribers there is nobody to tell.
        drop(self.sender.try_broadcast(item));
    }
}

#[async_trait]
impl ChangeFeed for InProcessChangeFeed {
    async fn publish(&self, change: ReadModelChanged) {
        self.tell(FeedItem::Changed(Arc::new(change)));
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
    receiver: Receiver<FeedItem>,
    /// Where the last change led; `None` where the next may lead on from anywhere.
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
            Ok(FeedItem::Changed(change)) => {
                let reached = self.reached.replace(change.checkpoint);
                if reached.is_none_or(|reached| reached == change.previous) {
                    return Some(FeedItem::Changed(change));
                }
                self.held = Some(change);
                Some(FeedItem::Missed)
            }
            Ok(FeedItem::Missed) | Err(RecvError::Overflowed(_)) => {
                self.reached = None;
                Some(FeedItem::Missed)
            }
            Err(RecvError::Closed) => None,
        }
    }
}
