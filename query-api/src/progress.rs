//! How far the read model has come: one task asks, and all followers hear of it.
//!
//! Nothing here knows of requests. However many followers wait, they cost no queries of their own.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use events::Position;
use futures::{StreamExt, stream::BoxStream};
use read_model::{ChangeFeed, FeedItem};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use crate::store::LiveStore;

/// How often the read model is asked while somebody waits, in case the change feed stays silent.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Tells how far the read model has come. The task behind it begins with the first follower, and ends
/// when this is dropped.
pub(crate) struct Progress {
    store: LiveStore,
    feed: Arc<dyn ChangeFeed>,
    reached: Arc<watch::Sender<Position>>,
    task: OnceLock<AbortHandle>,
}

/// Hears of every position that the read model reaches from now on.
pub(crate) struct Follower(watch::Receiver<Position>);

impl Progress {
    /// Ready to be followed.
    pub(crate) fn new(store: LiveStore, feed: Arc<dyn ChangeFeed>) -> Self {
        let (reached, _) = watch::channel(Position::START);
        Self { store, feed, reached: Arc::new(reached), task: OnceLock::new() }
    }

    /// Whether the read model is known to have been at this position or later: somebody was shown it, or the feed
    /// told of it. This is a hint: a rebuild may have taken the read model back since.
    pub(crate) fn has_shown(&self, position: Position) -> bool {
        position <= self.store.shown().max(*self.reached.borrow())
    }

    /// Follows. If the read model is looked at after this call, nothing that comes after the look is missed.
    ///
    /// To be called within a Tokio runtime.
    pub(crate) fn follow(&self) -> Follower {
        let follower = Follower(self.reached.subscribe());
        self.task.get_or_init(|| {
            // Subscribed here and not in the task, which begins later.
            let changes = self.feed.subscribe();
            let task = report(self.store.clone(), changes, Arc::clone(&self.reached));
            tokio::spawn(task).abort_handle()
        });
        follower
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Follower {
    /// Waits for news that the read model is at `wanted` or later.
    ///
    /// What was true before the last call is no news: a rebuild may have taken the read model back.
    pub(crate) async fn hears_of(&mut self, wanted: Position) {
        loop {
            if self.0.changed().await.is_err() {
                // The task is gone: there will be no more news.
                return std::future::pending().await;
            }
            if *self.0.borrow_and_update() >= wanted {
                return;
            }
        }
    }
}

/// Passes on what the feed says, and asks the read model itself while the feed is silent.
async fn report(
    store: LiveStore,
    changes: BoxStream<'static, FeedItem>,
    reached: Arc<watch::Sender<Position>>,
) {
    let mut changes = changes.chain(futures::stream::pending());
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            item = changes.next() => match item {
                Some(FeedItem::Changed(change)) => Some(change.checkpoint.position),
                Some(FeedItem::Missed) | None => None,
            },
            _ = ticks.tick() => {
                if reached.receiver_count() == 0 {
                    continue;
                }
                None
            }
        };
        let position = match told {
            Some(position) => position,
            None => match store.current().checkpoint().await {
                Ok(checkpoint) => checkpoint.position,
                // Reads meet the failure themselves. The next tick asks again.
                Err(_) => continue,
            },
        };
        reached.send_replace(position);
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures::stream;
    use read_model::ReadModelChanged;

    use super::*;
    use crate::testing::ReadModel;

    /// A feed that says what it is told to say, and then nothing.
    struct Says(Vec<FeedItem>);

    #[async_trait]
    impl ChangeFeed for Says {
        async fn publish(&self, _: ReadModelChanged) {}

        fn subscribe(&self) -> BoxStream<'static, FeedItem> {
            stream::iter(self.0.clone()).chain(stream::pending()).boxed()
        }
    }

    fn progress(model: &ReadModel, says: Vec<FeedItem>) -> Progress {
        Progress::new(LiveStore::new(model.store()), Arc::new(Says(says)))
    }

    #[tokio::test]
    async fn a_change_that_the_feed_lost_is_looked_for() {
        let model = ReadModel::new().await;
        model.reach(7).await;
        let progress = progress(&model, vec![FeedItem::Missed]);
        progress.follow().hears_of(Position(7)).await;
    }

    #[tokio::test]
    async fn a_silent_feed_keeps_nobody_waiting() {
        let model = ReadModel::new().await;
        let progress = progress(&model, Vec::new());
        let mut follower = progress.follow();
        follower.hears_of(Position(0)).await;
        model.reach(7).await;
        tokio::time::pause();
        follower.hears_of(Position(7)).await;
    }

    #[tokio::test]
    async fn what_is_told_before_the_first_look_is_heard() {
        let model = ReadModel::new().await;
        let (shared, mut follower) = (model.shared(), model.shared().progress.follow());
        model.reach(7).await;
        assert_eq!(shared.store.current().checkpoint().await.unwrap().position, Position(7));
        follower.hears_of(Position(7)).await;
    }

    #[tokio::test]
    async fn the_task_ends_with_whoever_began_it() {
        let model = ReadModel::new().await;
        let progress = progress(&model, Vec::new());
        let mut follower = progress.follow();
        drop(progress);
        while follower.0.changed().await.is_ok() {}
    }
}
