//! Following the change feed, so that the cache gives out no answer that has become stale.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::{StreamExt, stream::BoxStream};
use http_kit::{ResponseCache, Topic};
use read_model::{ChangeFeed, Checkpoint, FeedItem, ReadModelChanged};
use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval, timeout},
};
use trace_kit::{Span, SpanKind};

use super::about::changed;
use crate::store::LiveStore;

/// How often the read model itself is looked at, in case the feed tells nothing any more. Answers are out of date by
/// twice this at most.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a look may take. Meanwhile the feed is not listened to, and it may have to say that it missed something.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// The cache of a query node, with the task that tells it what has changed. The task begins with the
/// first read, and ends when this is dropped.
pub(crate) struct FollowedCache {
    cache: ResponseCache,
    store: LiveStore,
    feed: Arc<dyn ChangeFeed>,
    task: OnceLock<AbortHandle>,
}

impl FollowedCache {
    pub(crate) fn new(cache: ResponseCache, store: LiveStore, feed: Arc<dyn ChangeFeed>) -> Self {
        Self { cache, store, feed, task: OnceLock::new() }
    }

    /// Begins to tell the cache what has changed. To be called within a Tokio runtime.
    pub(crate) fn follow(&self) {
        self.task.get_or_init(|| {
            // Subscribed here and not in the task: nothing that comes after this read is missed.
            let changes = self.feed.subscribe();
            let teller = Teller {
                cache: self.cache.clone(),
                store: self.store.clone(),
                generation: None,
                life: None,
                seen: None,
            };
            tokio::spawn(teller.tell(changes)).abort_handle()
        });
    }

    /// To be called when somebody is shown the read model at this checkpoint.
    pub(crate) fn shows(&self, checkpoint: Checkpoint) {
        self.cache.shows(checkpoint.position.0);
    }
}

impl Drop for FollowedCache {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
        // Nobody tells it anything from now on.
        self.cache.pause();
    }
}

/// Tells the cache what has changed.
struct Teller {
    cache: ResponseCache,
    store: LiveStore,
    /// The generation of the last change; `None` while changes may have been missed.
    generation: Option<u64>,
    /// Which life of the read model (see [`Store::life`](crate::Store::life)) the cache shares answers of; `None`
    /// while it shares none.
    life: Option<u64>,
    /// Where the read model was when it was last looked at.
    seen: Option<Checkpoint>,
}

impl Teller {
    async fn tell(mut self, changes: BoxStream<'static, FeedItem>) {
        self.begin_anew().await;
        let mut changes = changes.chain(futures::stream::pending());
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                item = changes.next() => match item {
                    Some(FeedItem::Changed(change)) => self.hear(&change).await,
                    Some(FeedItem::Missed) | None => self.begin_anew().await,
                },
                _ = ticks.tick() => self.look().await,
            }
        }
    }

    async fn hear(&mut self, change: &ReadModelChanged) {
        let Checkpoint { generation, position } = change.checkpoint;
        let read = self.store.current().generation();
        if generation != read {
            // That generation is not read here yet, or no longer. The cache may know nothing yet of the one that is.
            if self.generation != Some(read) {
                self.cache.pause();
                self.generation = None;
            }
            return;
        }
        let traceparent = change.traceparent.as_deref();
        let mut span = Span::child("invalidate", SpanKind::Consumer, traceparent);
        span.count("cinelog.position", position.0);
        // From now on answers say that they are as new as this.
        self.store.shows(change.checkpoint);
        // Events that were parked have been folded in, and the position is still the same: it does not tell
        // earlier answers from later ones.
        let stands_still = change.previous.position == position;
        // Nobody has told what changed between the two positions.
        let leaves_a_gap = self.cache.known() < Some(change.previous.position.0);
        if self.generation == Some(generation) && !stands_still && !leaves_a_gap {
            self.cache.advance(position.0, changed(change).map(Topic::of));
        } else {
            // It may also be another generation of the read model, where everything may look different.
            self.cache.pause();
            let life = self.life().await;
            self.restart(change.checkpoint, life);
        }
    }

    /// Forgets everything, and begins anew at this checkpoint: all later changes will be told. Answers are
    /// shared with nodes that know the same life of the read model.
    fn restart(&mut self, checkpoint: Checkpoint, life: Option<u64>) {
        (self.generation, self.life) = (Some(checkpoint.generation), life);
        self.cache.restart(checkpoint.generation, checkpoint.position.0);
        if let Some(life) = life {
            self.cache.share(life);
        }
    }

    /// Forgets everything, and goes on from where the read model is now. If that cannot be read, the next look tries
    /// again.
    async fn begin_anew(&mut self) {
        self.cache.pause();
        self.generation = None;
        // The life is read first: then all that is read after the cache has begun again belongs to this life or a
        // later one.
        let life = self.life().await;
        if let Some(checkpoint) = self.checkpoint().await {
            self.store.shows(checkpoint);
            self.restart(checkpoint, life);
        }
    }

    /// Finds out whether the feed has lost changes without saying so, or is late. Either it has not told yet what was
    /// there at the last look already; or the read model was changed without moving on, or replaced: then its life
    /// is another one.
    async fn look(&mut self) {
        self.cache.tidy();
        let known = self.cache.known();
        let (life, checkpoint) = tokio::join!(self.life(), self.checkpoint());
        let Some(checkpoint) = checkpoint else { return };
        let lives_on = life.is_none() || life == self.life;
        // What another generation had reached says nothing of this one.
        let seen =
            self.seen.replace(checkpoint).filter(|seen| seen.generation == checkpoint.generation);
        let is_told = |seen: Checkpoint| {
            self.generation == Some(seen.generation) && known >= Some(seen.position.0)
        };
        if !lives_on || known.is_none() || !seen.is_none_or(is_told) {
            self.begin_anew().await;
        }
    }

    /// Which life of the read model this is. `None`: it cannot be read now, or no other node reads this store.
    async fn life(&self) -> Option<u64> {
        timeout(LOOK_MAX, self.store.current().life()).await.ok()?.ok()?
    }

    /// How far the read model is. `None`: it cannot be read now.
    async fn checkpoint(&self) -> Option<Checkpoint> {
        timeout(LOOK_MAX, self.store.current().checkpoint()).await.ok()?.ok()
    }
}
