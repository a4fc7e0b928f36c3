//! The projection: a projector at work on the live generation, and the switch to another one when
//! somebody has made that live. Queries go on meanwhile, and positions that clients see never go back.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use event_log::EventLog;
use events::Position;
use futures::future::OptionFuture;
use projector::{OpenGeneration, ProjectorOptions, ReadModels, Status};
use query_api::{LiveStore, Store};
use read_model::{ChangeFeed, ReadModelChanged};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    live_status::LiveStatus,
    running::{Gate, Running},
    ticks::every,
};
use crate::{
    error::Failure,
    wire::{Source, Sources, Stores},
};

/// How often is looked whether another generation has been made live.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long no projector may be at work while one hands over to another. The new one has come as far as
/// the old one before, so that this is a matter of milliseconds.
pub(super) const HAND_OVER_MAX: Duration = Duration::from_secs(5);

/// How long a generation that could not take over is left alone.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What the projection works with.
pub(crate) struct Projection {
    /// The facts.
    pub(crate) log: Arc<dyn EventLog>,
    /// By which way they come.
    pub(crate) sources: Sources,
    /// Where the generations are.
    pub(crate) read_models: Arc<dyn ReadModels>,
    /// The queries of this process, where it answers any.
    pub(crate) readers: Option<Readers>,
    /// How queries learn what was written.
    pub(crate) feed: Arc<dyn ChangeFeed>,
    /// How it is doing.
    pub(crate) status: LiveStatus,
    /// How to project.
    pub(crate) options: ProjectorOptions,
    /// How long no projector may be at work while one hands over to another.
    pub(crate) hand_over_max: Duration,
}

/// Queries that are led along from one generation to the next.
pub(crate) struct Readers {
    /// How they read a generation.
    pub(crate) stores: Stores,
    /// Where they read now.
    pub(crate) store: LiveStore,
}

/// Why the live generation is not followed for now.
struct Refused {
    /// Which one it was; `None` where that cannot be told.
    live: Option<u64>,
    until: Instant,
    reason: String,
}

impl Projection {
    /// Projects into the live generation, and follows whoever makes another one live, until `stop`.
    ///
    /// # Errors
    /// Where a projector fails for good.
    pub(crate) async fn run(
        self,
        live: OpenGeneration,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        LiveStatus::describe();
        let mut current = self.start(live, Gate::open(&self.feed));
        self.status.replace(&current.status);
        let mut looks = every(LOOK_EVERY);
        let mut refused: Option<Refused> = None;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return current.stop().await,
                ended = current.ended() => return ended,
                _ = looks.tick() => {}
            }
            let live = self.read_models.live().await;
            let number = live.as_ref().ok().copied();
            if refused
                .as_ref()
                .is_some_and(|last| last.live == number && Instant::now() < last.until)
            {
                continue;
            }
            let done = match live {
                Ok(live) if live == current.generation.number => Ok(()),
                Ok(live) => self.switch(&mut current, live, &stop).await,
                Err(error) => Err(error.into()),
            };
            let told = refused.take().map(|last| last.reason);
            if let Err(error) = done {
                self.status.refuse();
                let (until, reason) = (Instant::now() + TRY_AGAIN_AFTER, error.to_string());
                if told.as_ref() != Some(&reason) {
                    tracing::error!(
                        reason,
                        "the live generation cannot be followed, the old one answers"
                    );
                }
                refused = Some(Refused { live: number, until, reason });
            }
        }
    }

    fn start(&self, generation: OpenGeneration, gate: Arc<Gate>) -> Running {
        let (status, stop) = (Status::default(), CancellationToken::new());
        let mut running = Running { generation, status, gate, stop, task: None };
        self.set_to_work(&mut running);
        running
    }

    /// Lets a projector work on a generation that is open, and on which none is at work.
    fn set_to_work(&self, running: &mut Running) {
        (running.status, running.stop) = (Status::default(), CancellationToken::new());
        let number = running.generation.number;
        let stop = running.stop.clone();
        let Source { feed, receiving } =
            self.sources.open(&self.log, number, &running.status, &stop);
        let work = projector::run(
            Arc::clone(&self.log),
            feed,
            Arc::clone(&running.generation.read_model),
            Arc::clone(&running.gate) as _,
            self.options.clone(),
            running.status.clone(),
            running.stop.clone(),
        );
        // Also where the projector panics: who waits for what receives would wait for ever.
        let stops = stop.drop_guard();
        running.task = Some(tokio::spawn(async move {
            let ended = work.await;
            drop(stops);
            if let Some(Err(error)) = OptionFuture::from(receiving).await {
                tracing::error!(%error, "what receives from Kafka crashed");
            }
            ended
        }));
    }

    /// Lets generation `to` take over from `current`, when it has come as far.
    async fn switch(
        &self,
        current: &mut Running,
        to: u64,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let from = current.generation.number;
        tracing::info!(from, to, "another generation is live, catching up");
        let generation = OpenGeneration::existing(self.read_models.as_ref(), to).await?;
        let store = match &self.readers {
            Some(readers) => Some(readers.stores.open(to).await?),
            None => None,
        };
        let mut next = self.start(generation, Gate::closed(&self.feed));
        // First beside each other, so that the time in which neither works is short.
        while !next.has_reached(current.status.position()) {
            let is_off = stop.is_cancelled()
                || current.has_ended()
                || self.read_models.live().await.is_ok_and(|live| live != to);
            if is_off {
                return next.stop().await;
            }
            next.goes_on().await?;
        }
        self.hand_over(current, next, store, stop).await
    }

    /// Stops `current` and lets `next` take its place, which has come about as far.
    ///
    /// # Errors
    /// Where `next` does not come as far as `current` in time; `current` is at work again then.
    async fn hand_over(
        &self,
        current: &mut Running,
        mut next: Running,
        store: Option<Arc<dyn Store>>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        tokio::select! {
            biased;
            () = stop.cancelled() => return next.stop().await,
            () = self.bring_to_rest(current) => {}
        }
        self.status.replace(&next.status);
        let old = Arc::clone(&current.generation.read_model);
        let reaching = async {
            loop {
                // This process writes nothing any more; another one may still for a moment. Others read as
                // well, so that what was shown here is not all.
                let written = old.digest().await?.0.position;
                let seen = written.max(self.shown());
                if next.has_reached(seen) {
                    return Ok(());
                }
                next.reaches(seen).await?;
            }
        };
        let reached = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            reached = timeout(self.hand_over_max, reaching) => Some(reached),
        };
        let Some(reached) = reached else { return next.stop().await };
        let reached = reached.unwrap_or_else(|_| {
            let waited = self.hand_over_max;
            Err(Failure::Other(format!("it did not come as far as the old one within {waited:?}")))
        });
        if let Err(error) = reached {
            next.abandon();
            self.set_to_work(current);
            self.status.replace(&current.status);
            return Err(error);
        }
        if let (Some(readers), Some(store)) = (&self.readers, store) {
            // What another process has written since, and was shown here, queries wait for.
            readers.store.switch_to(store);
        }
        next.gate.is_open.store(true, Ordering::SeqCst);
        if let Some(checkpoint) = next.status.report().checkpoint {
            // Of another generation: whoever remembers anything forgets it.
            self.feed.publish(ReadModelChanged::anew(checkpoint)).await;
        }
        let (generation, position) = (next.generation.number, next.status.position());
        tracing::info!(generation, %position, "switched");
        *current = next;
        Ok(())
    }

    /// Stops `current`, by force where it does not end in time.
    async fn bring_to_rest(&self, current: &mut Running) {
        match timeout(self.hand_over_max, current.halt()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the old generation's projector failed while it was stopped");
            }
            Err(_) => {
                tracing::warn!("the old generation's projector does not stop, and is abandoned");
                current.abandon();
            }
        }
    }

    /// The furthest that queries of this process have shown.
    fn shown(&self) -> Position {
        self.readers.as_ref().map_or(Position::START, |readers| readers.store.shown())
    }
}

#[cfg(test)]
#[path = "projection_tests/mod.rs"]
mod tests;
