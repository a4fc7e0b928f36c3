//! One projector at work on one generation, and what lets its news through. Knows nothing of which
//! generation is live.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use events::Position;
use futures::stream::BoxStream;
use projector::{OpenGeneration, ProjectorError, Status};
use read_model::{ChangeFeed, FeedItem, ReadModelChanged};
use tokio::{
    task::{JoinError, JoinHandle},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::error::Failure;

/// How often is looked how far a generation has come that is about to take over.
const APPROACH_EVERY: Duration = Duration::from_millis(5);

/// A projector at work.
pub(super) struct Running {
    /// What it works on.
    pub(super) generation: OpenGeneration,
    /// How it is doing.
    pub(super) status: Status,
    /// Through which it tells of changes.
    pub(super) gate: Arc<Gate>,
    /// Stops it.
    pub(super) stop: CancellationToken,
    /// `None` once it was waited for.
    pub(super) task: Option<JoinHandle<Result<(), ProjectorError>>>,
}

impl Running {
    /// Whether it has come so far.
    pub(super) fn has_reached(&self, position: Position) -> bool {
        self.status.report().checkpoint.is_some_and(|checkpoint| checkpoint.position >= position)
    }

    /// Whether none is at work.
    pub(super) fn has_ended(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until it ends, which it should not; for ever, where that was heard already.
    pub(super) async fn ended(&mut self) -> Result<(), Failure> {
        let Some(task) = &mut self.task else { return pending().await };
        let ended = task.await;
        self.task = None;
        outcome(ended)
    }

    /// Waits until it has come so far.
    ///
    /// # Errors
    /// Where it has ended.
    pub(super) async fn reaches(&mut self, position: Position) -> Result<(), Failure> {
        while !self.has_reached(position) {
            self.goes_on().await?;
        }
        Ok(())
    }

    /// Waits a moment.
    ///
    /// # Errors
    /// Where it has ended.
    pub(super) async fn goes_on(&mut self) -> Result<(), Failure> {
        tokio::select! {
            ended = self.ended() => {
                ended?;
                Err(Failure::Other("its projector ended before its time".to_owned()))
            }
            () = sleep(APPROACH_EVERY) => Ok(()),
        }
    }

    /// Stops it after the batch that it is at; it can be started again.
    pub(super) async fn halt(&mut self) -> Result<(), Failure> {
        self.stop.cancel();
        match self.task {
            Some(_) => self.ended().await,
            None => Ok(()),
        }
    }

    /// Stops it for good.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.halt().await
    }

    /// Stops it without waiting for anything: it may hang. What it has begun and not committed is lost,
    /// and is done again by whoever is at work next. A large batch is folded on a thread of its own and goes on:
    /// it may still be committed, unless somebody else leads by then.
    pub(super) fn abandon(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

fn outcome(ended: Result<Result<(), ProjectorError>, JoinError>) -> Result<(), Failure> {
    match ended {
        Ok(result) => Ok(result?),
        Err(error) => Err(Failure::Other(format!("the projector crashed: {error}"))),
    }
}

/// The change feed for a projector whose generation may not be live yet: what it changes then concerns
/// nobody.
pub(super) struct Gate {
    feed: Arc<dyn ChangeFeed>,
    /// Whether its changes are told.
    pub(super) is_open: AtomicBool,
}

impl Gate {
    /// Everybody hears of all changes.
    pub(super) fn open(feed: &Arc<dyn ChangeFeed>) -> Arc<Self> {
        Arc::new(Self { feed: Arc::clone(feed), is_open: AtomicBool::new(true) })
    }

    /// Nobody hears of any, until it is opened.
    pub(super) fn closed(feed: &Arc<dyn ChangeFeed>) -> Arc<Self> {
        Arc::new(Self { feed: Arc::clone(feed), is_open: AtomicBool::new(false) })
    }
}

#[async_trait]
impl ChangeFeed for Gate {
    async fn publish(&self, change: ReadModelChanged) {
        if self.is_open.load(Ordering::SeqCst) {
            self.feed.publish(change).await;
        }
    }

    fn subscribe(&self) -> BoxStream<'static, FeedItem> {
        self.feed.subscribe()
    }
}
