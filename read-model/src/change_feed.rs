//! The change feed: who keeps answers in memory learns here what is out of date.

use std::sync::Arc;

use async_trait::async_trait;
use events::MovieId;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::{Checkpoint, FacetKey};

/// What one committed batch changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadModelChanged {
    /// The state before the batch.
    pub previous: Checkpoint,
    /// The state after it, which the read model has reached.
    pub checkpoint: Checkpoint,
    /// The films whose document changed, by their ratings too. Ascending.
    pub movies: Vec<MovieId>,
    /// The facets whose name, description or set of films changed. Ascending.
    pub facets: Vec<FacetKey>,
    /// The span in which the projector tells of it (W3C Trace Context), where that is recorded.
    pub traceparent: Option<String>,
}

impl ReadModelChanged {
    /// What is told where nothing is known of what changed, or another read model is read from now on:
    /// whoever remembers anything forgets it.
    #[must_use]
    pub fn anew(checkpoint: Checkpoint) -> Self {
        let (movies, facets) = (Vec::new(), Vec::new());
        Self { previous: checkpoint, checkpoint, movies, facets, traceparent: None }
    }
}

/// What a subscriber gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedItem {
    /// A batch was committed.
    Changed(Arc<ReadModelChanged>),
    /// One or more changes did not get here: whatever was remembered may be out of date.
    Missed,
}

/// Tells every subscriber what changed in the read model, after it has been committed.
///
/// **Delivery.** A subscriber gets every change that is published after
/// [`subscribe`](Self::subscribe) returned, in order, or [`FeedItem::Missed`] in the place of those
/// that were lost. A change whose `previous` is not the checkpoint of the one before is announced by
/// `Missed` as well: another projector was at work in between.
///
/// **Back-pressure.** A publisher never waits for a slow subscriber; that one misses the oldest
/// changes.
///
/// **Failure.** Nothing fails here: a feed that cannot be reached is a degraded cache and no more.
/// The adapter logs it and tells its subscribers `Missed` when it is back.
#[async_trait]
pub trait ChangeFeed: Send + Sync + 'static {
    /// Tells all subscribers.
    async fn publish(&self, change: ReadModelChanged);

    /// Changes from now on. The stream ends only when the feed is gone.
    fn subscribe(&self) -> BoxStream<'static, FeedItem>;
}
