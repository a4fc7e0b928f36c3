//! A query node without a projector: it follows whoever makes another generation live. Queries go on
//! meanwhile, and are answered from the new one when that has come as far as what they were shown.

use std::{mem, sync::Arc, time::Duration};

use async_trait::async_trait;
use events::Position;
use futures::{StreamExt, stream, stream::BoxStream};
use projector::{ReadModels, port::Guard};
use query_api::{LiveStore, Store};
use read_model::{ChangeFeed, FeedItem, InProcessChangeFeed, ReadModelChanged};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::ticks::every;
use crate::{error::Failure, wire::Stores};

/// How often is looked whether another generation has been made live, and whether it has come as far.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long a generation that cannot be read is left alone.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How many switches a slow subscriber may be behind before it misses some.
const NEWS_MAX: usize = 4;

/// What following needs.
pub(super) struct Following {
    /// Says which generation is live.
    pub(super) read_models: Arc<dyn ReadModels>,
    /// Opens it.
    pub(super) stores: Stores,
    /// Where queries read.
    pub(super) store: LiveStore,
    /// Where this process tells itself that it has switched.
    pub(super) news: Arc<WithOwnNews>,
}

/// A generation that is going to be read, and what keeps it from being removed.
struct Next {
    store: Arc<dyn Store>,
    held: Box<dyn Guard>,
    /// Where the one that is read now was at the last look.
    shown: Option<Position>,
}

impl Following {
    /// Follows until `stop`. `held` keeps the generation that is read now. Where another one cannot be
    /// read, the old one goes on answering, and it is tried again.
    ///
    /// # Errors
    /// None: a read model that is out of reach is for the queries to say.
    pub(super) async fn run(
        self,
        mut held: Box<dyn Guard>,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let mut looks = every(LOOK_EVERY);
        let mut told = None;
        let mut next: Option<Next> = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = looks.tick() => {}
            }
            match self.look(&mut next).await {
                Ok(Some(switched)) => {
                    // The old one may be removed from now on.
                    drop(mem::replace(&mut held, switched));
                    told = None;
                }
                Ok(None) => told = None,
                Err(error) => {
                    let reason = error.to_string();
                    if told.as_ref() != Some(&reason) {
                        tracing::error!(
                            reason,
                            "the live generation cannot be followed, the old one answers"
                        );
                    }
                    (told, next) = (Some(reason), None);
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = sleep(TRY_AGAIN_AFTER) => {}
                    }
                }
            }
        }
    }

    /// Opens the live generation where it is another one, and switches to it when it has come as far as
    /// the old one, in which nothing is written any more; gives what keeps it.
    async fn look(&self, next: &mut Option<Next>) -> Result<Option<Box<dyn Guard>>, Failure> {
        let live = self.read_models.live().await?;
        let current = self.store.current();
        if live == current.generation() {
            *next = None;
            return Ok(None);
        }
        let mut coming = match next.take().filter(|next| next.store.generation() == live) {
            Some(coming) => coming,
            None => {
                tracing::info!(
                    from = current.generation(),
                    to = live,
                    "another generation is live"
                );
                let held = self.read_models.hold(live).await?;
                Next { store: self.stores.open(live).await?, held, shown: None }
            }
        };
        let reached = coming.store.checkpoint().await?;
        // Asked after the new one: nobody was shown more than this. What is shown after it, queries wait for.
        // One that cannot be read shows nothing, whether it is gone or may come back: it is not waited for.
        let shown = match current.checkpoint().await {
            Ok(checkpoint) => checkpoint.position.max(self.store.shown()),
            Err(_) => self.store.shown(),
        };
        let stands_still = coming.shown.replace(shown) == Some(shown);
        if reached.position < shown || !stands_still {
            *next = Some(coming);
            return Ok(None);
        }
        self.store.switch_to(Arc::clone(&coming.store));
        self.news.tell(ReadModelChanged::anew(reached)).await;
        tracing::info!(generation = live, position = %reached.position, "switched");
        Ok(Some(coming.held))
    }
}

/// A change feed that this process shares with others, and what it tells itself alone: that it reads
/// another generation from now on. When others do is their own affair.
pub(super) struct WithOwnNews {
    shared: Arc<dyn ChangeFeed>,
    own: InProcessChangeFeed,
}

impl WithOwnNews {
    /// Together with `shared`.
    pub(super) fn new(shared: Arc<dyn ChangeFeed>) -> Self {
        Self { shared, own: InProcessChangeFeed::new(NEWS_MAX) }
    }

    /// Tells this process only.
    async fn tell(&self, news: ReadModelChanged) {
        self.own.publish(news).await;
    }
}

#[async_trait]
impl ChangeFeed for WithOwnNews {
    async fn publish(&self, change: ReadModelChanged) {
        self.shared.publish(change).await;
    }

    fn subscribe(&self) -> BoxStream<'static, FeedItem> {
        stream::select(self.own.subscribe(), self.shared.subscribe()).boxed()
    }
}

#[cfg(test)]
#[path = "following_tests.rs"]
mod tests;
