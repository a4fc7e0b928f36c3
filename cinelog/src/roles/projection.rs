//! The projection: a projector at work on the live generation, and the switch to another one when
//! somebody has made that live. Queries go on meanwhile, and positions that clients see never go back.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use event_log::EventLog;
use events::Position;
use futures::stream::BoxStream;
use projector::{ProjectorError, ProjectorOptions, Status, sqlite::SqliteReadModel};
use query_api::LiveStore;
use read_model::{ChangeFeed, FeedItem, ReadModelChanged};
use tokio::{
    task::{JoinError, JoinHandle},
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{error::Failure, wire::ReadModels};

/// How often is looked whether another generation has been made live.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How often is looked how far a generation has come that is about to take over.
const APPROACH_EVERY: Duration = Duration::from_millis(5);

/// How the projector at work is doing, whichever generation it works on. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveStatus(Arc<Mutex<Status>>);

impl LiveStatus {
    /// How it is doing now.
    pub(crate) fn report(&self) -> projector::Report {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).report()
    }

    fn replace(&self, status: Status) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }
}

/// What the projection works with.
pub(crate) struct Projection {
    /// The facts.
    pub(crate) log: Arc<dyn EventLog>,
    /// Where the generations are.
    pub(crate) read_models: ReadModels,
    /// Where queries read.
    pub(crate) store: LiveStore,
    /// How queries learn what was written.
    pub(crate) feed: Arc<dyn ChangeFeed>,
    /// How it is doing.
    pub(crate) status: LiveStatus,
    /// How to project.
    pub(crate) options: ProjectorOptions,
}

impl Projection {
    /// Projects into `read_model`, which is the live generation `generation`, and follows whoever
    /// makes another one live, until `stop`.
    ///
    /// # Errors
    /// Where a projector fails for good.
    pub(crate) async fn run(
        self,
        generation: u64,
        read_model: SqliteReadModel,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let mut current = self.start(generation, read_model, Gate::open(&self.feed));
        self.status.replace(current.status.clone());
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return current.stop().await,
                ended = &mut current.task => return outcome(ended),
                _ = looks.tick() => {}
            }
            let trouble = match self.read_models.live() {
                Ok(live) if live == current.generation => None,
                Ok(live) => self.switch(&mut current, live, &stop).await.err(),
                Err(error) => Some(error),
            };
            let trouble = trouble.map(|error| error.to_string());
            if trouble != told
                && let Some(reason) = &trouble
            {
                tracing::error!(
                    reason,
                    "the live generation cannot be followed, the old one answers"
                );
            }
            told = trouble;
        }
    }

    fn start(&self, generation: u64, read_model: SqliteReadModel, gate: Arc<Gate>) -> Running {
        let (status, stop) = (Status::default(), CancellationToken::new());
        let feed: Arc<dyn ChangeFeed> = Arc::clone(&gate) as _;
        let log = Arc::clone(&self.log);
        let running =
            projector::run(log, read_model, feed, self.options, status.clone(), stop.clone());
        Running { generation, status, gate, stop, task: tokio::spawn(running) }
    }

    /// Lets generation `to` take over from `current`, when it has come as far.
    async fn switch(
        &self,
        current: &mut Running,
        to: u64,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        tracing::info!(from = current.generation, to, "another generation is live, catching up");
        let read_model = self.read_models.existing(to).await?;
        let store = self.read_models.store(to).await?;
        let mut next = self.start(to, read_model, Gate::closed(&self.feed));
        // First beside each other, so that the time in which neither works is short.
        while !next.has_reached(current.status.position()) {
            let is_off = stop.is_cancelled()
                || current.task.is_finished()
                || self.read_models.live().is_ok_and(|live| live != to);
            if is_off {
                return next.stop().await;
            }
            next.goes_on().await?;
        }
        current.stop.cancel();
        let ended = outcome((&mut current.task).await);
        let seen = current.status.position();
        while !next.has_reached(seen) {
            if let Err(error) = next.goes_on().await {
                let old = self.read_models.existing(current.generation).await?;
                *current = self.start(current.generation, old, Gate::open(&self.feed));
                self.status.replace(current.status.clone());
                return Err(error);
            }
        }
        self.store.switch_to(store);
        next.gate.is_open.store(true, Ordering::SeqCst);
        self.status.replace(next.status.clone());
        if let Some(checkpoint) = next.status.report().checkpoint {
            // Of another generation: whoever remembers anything forgets it.
            let (previous, movies, facets) = (checkpoint, Vec::new(), Vec::new());
            self.feed.publish(ReadModelChanged { previous, checkpoint, movies, facets }).await;
        }
        tracing::info!(generation = to, position = %next.status.position(), "switched");
        *current = next;
        if let Err(error) = ended {
            tracing::warn!(%error, "the old generation's projector failed while it was stopped");
        }
        Ok(())
    }
}

/// A projector at work.
struct Running {
    generation: u64,
    status: Status,
    gate: Arc<Gate>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectorError>>,
}

impl Running {
    fn has_reached(&self, position: Position) -> bool {
        self.status.report().checkpoint.is_some_and(|checkpoint| checkpoint.position >= position)
    }

    /// Waits a moment.
    ///
    /// # Errors
    /// Where it has ended.
    async fn goes_on(&mut self) -> Result<(), Failure> {
        tokio::select! {
            ended = &mut self.task => {
                outcome(ended)?;
                Err(Failure::Other("its projector ended before its time".to_owned()))
            }
            () = sleep(APPROACH_EVERY) => Ok(()),
        }
    }

    async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        outcome(self.task.await)
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
struct Gate {
    feed: Arc<dyn ChangeFeed>,
    is_open: AtomicBool,
}

impl Gate {
    fn open(feed: &Arc<dyn ChangeFeed>) -> Arc<Self> {
        Arc::new(Self { feed: Arc::clone(feed), is_open: AtomicBool::new(true) })
    }

    fn closed(feed: &Arc<dyn ChangeFeed>) -> Arc<Self> {
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

#[cfg(test)]
#[path = "projection_tests.rs"]
mod tests;
