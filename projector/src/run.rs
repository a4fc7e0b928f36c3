//! The loop: follows the log, folds batch after batch in, and tells the change feed.
//!
//! A batch that has begun is finished; between batches it can be stopped or killed, and goes on from
//! the checkpoint.

use std::sync::Arc;

use event_log::{EventLog, LogError};
use events::{Position, RecordedEvent};
use futures::StreamExt;
use read_model::{ChangeFeed, Checkpoint};
use tokio_util::sync::CancellationToken;

use crate::{
    Applied, Backoff, PoisonPolicy, ProjectorError, StoreError, measure, sqlite::SqliteReadModel,
};

/// How the projector works.
#[derive(Debug, Clone, Copy)]
pub struct ProjectorOptions {
    /// Events in one transaction, at least 1. They are folded without a pause, so this bounds how
    /// long whatever else the runtime has to do may wait for its turn.
    pub batch_events_max: usize,
    /// What to do with an event that cannot be folded in.
    pub poison: PoisonPolicy,
    /// How fast to go on after the log or the read model has failed. Counted anew after each batch.
    pub backoff: Backoff,
}

impl Default for ProjectorOptions {
    fn default() -> Self {
        // More at once is hardly faster: a commit waits for no disk (see `sqlite`).
        Self { batch_events_max: 64, poison: PoisonPolicy::Park, backoff: Backoff::default() }
    }
}

/// Folds the log into the read model until `shutdown`, and tells `feed` what each batch changed.
///
/// Several may run on one read model: the checkpoint lets one of them through with each batch, and
/// the others go on from where that one has come.
///
/// While the log or the read model is unavailable (a full disk, a network that is gone) it tries
/// again until `shutdown`, and warns of each try.
///
/// # Errors
/// [`ProjectorError`] where trying again cannot help. What was folded in stays.
pub async fn run(
    log: Arc<dyn EventLog>,
    read_model: SqliteReadModel,
    feed: Arc<dyn ChangeFeed>,
    options: ProjectorOptions,
    shutdown: CancellationToken,
) -> Result<(), ProjectorError> {
    measure::describe();
    let mut projector = Projector {
        log,
        read_model,
        feed,
        options,
        shutdown,
        generation: None,
        failures: 0,
        head: Position::START,
    };
    loop {
        let error = match projector.follow().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if let ProjectorError::Store(StoreError::Fenced { stored, .. }) = &error {
            // Not a failure: somebody else was faster, so there is something to go on from.
            tracing::warn!(position = %stored.position, "another projector is at work");
            continue;
        }
        if !error.is_transient() {
            return Err(error);
        }
        projector.failures = projector.failures.saturating_add(1);
        let (retry, delay) =
            (projector.failures, projector.options.backoff.delay(projector.failures));
        tracing::warn!(%error, retry, ?delay, "projector fails, trying again");
        let stopped = projector.shutdown.cancelled();
        if tokio::time::timeout(delay, stopped).await.is_ok() {
            return Ok(());
        }
    }
}

struct Projector {
    log: Arc<dyn EventLog>,
    read_model: SqliteReadModel,
    feed: Arc<dyn ChangeFeed>,
    options: ProjectorOptions,
    shutdown: CancellationToken,
    /// The generation that was found at the start.
    generation: Option<u64>,
    /// Failures since the last batch.
    failures: u32,
    /// The end of the log when it was last looked for. Only metrics go by it.
    head: Position,
}

impl Projector {
    /// Follows the log from the stored checkpoint until `shutdown` or an error.
    async fn follow(&mut self) -> Result<(), ProjectorError> {
        let mut at = self.read_model.checkpoint().await?;
        let ours = *self.generation.get_or_insert(at.generation);
        if at.generation != ours {
            return Err(ProjectorError::Superseded { ours, stored: at.generation });
        }
        self.count_parked_streams().await;
        self.find_head().await;
        measure::progress(at.position, self.head);
        tracing::info!(generation = ours, position = %at.position, "projector follows the log");

        let mut batches = self.log.subscribe_all(at.position);
        loop {
            let batch = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Ok(()),
                batch = batches.next() => batch.ok_or_else(ended)??,
            };
            self.find_head().await;
            for events in batch.chunks(self.options.batch_events_max.max(1)) {
                if self.shutdown.is_cancelled() {
                    return Ok(());
                }
                at = self.take(at, events).await?;
            }
        }
    }

    /// Folds one batch in and tells of it.
    async fn take(
        &mut self,
        from: Checkpoint,
        events: &[RecordedEvent],
    ) -> Result<Checkpoint, ProjectorError> {
        let applied = self.read_model.apply(from, events, self.options.poison).await?;
        let Applied { changed, poison, halted, .. } = &applied;
        let reached = changed.checkpoint;
        // At once: what is committed is told of, whatever may fail from here on.
        if reached != from {
            self.feed.publish(changed.clone()).await;
        }
        self.failures = 0;
        measure::batch(&applied);
        measure::progress(reached.position, self.head);
        for poison in poison {
            let (position, stream, reason) = (poison.position, &poison.stream, &poison.reason);
            tracing::error!(%position, %stream, %reason, "poison event parked with its stream");
        }
        if !poison.is_empty() {
            self.count_parked_streams().await;
        }
        tracing::debug!(position = %reached.position, movies = changed.movies.len(), "batch folded in");
        if let Some(poison) = halted {
            return Err(ProjectorError::Poison(poison.clone()));
        }
        Ok(reached)
    }

    /// For the metrics, which keep their old value where this fails.
    async fn find_head(&mut self) {
        if let Ok(head) = self.log.head().await {
            self.head = head;
        }
    }

    /// For the metrics, which keep their old value where this fails.
    async fn count_parked_streams(&self) {
        if let Ok(streams) = self.read_model.parked_streams().await {
            measure::parked_streams(streams);
        }
    }
}

fn ended() -> LogError {
    LogError::Unavailable("its subscription ended".to_owned())
}
