//! What the projector that leads does: it takes from the log what there is, and folds it in, batch after
//! batch.

use std::mem;

use event_log::{EventBatches, LogError};
use events::RecordedEvent;
use futures::StreamExt;
use read_model::{Checkpoint, ReadModelChanged};
use tokio::time::sleep_until;

use super::Projector;
use crate::{Applied, ProjectorError, apply, measure};

/// Bytes of event data that are gathered for one transaction, reached by its last page.
const BATCH_BYTES_MAX: usize = 16 << 20;

impl Projector {
    /// Follows the log from the stored checkpoint until `shutdown`, an error, or the read model is not of
    /// this log.
    pub(super) async fn project(&mut self) -> Result<(), ProjectorError> {
        let mut at = self.look().await?;
        // Again: before this one had the lead, another one may have moved the checkpoint.
        if !self.is_of_this_log().await? {
            return Ok(());
        }
        let (generation, position) = (at.generation, at.position);
        if self.told.is_empty() {
            tracing::info!(generation, %position, "projector follows the log");
        } else {
            tracing::debug!(generation, %position, "projector follows the log again");
        }
        // What was committed without its answer, or by another one that ended before it told, is not told
        // of in detail any more: whoever remembers anything forgets it. Also where the position is what
        // it was, since what was parked is folded in without moving it.
        let (previous, movies, facets) = (at, Vec::new(), Vec::new());
        self.feed.publish(ReadModelChanged { previous, checkpoint: at, movies, facets }).await;

        let mut batches = self.log.subscribe_all(at.position);
        let mut events = Vec::new();
        loop {
            let shutdown = self.shutdown.clone();
            let chores_at = self.chores_at;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = sleep_until(chores_at) => {
                    if !self.do_chores(at).await? {
                        return Ok(());
                    }
                }
                // What was gathered is kept when one of the others comes first.
                gathered = self.gather(&mut batches, &mut events) => gathered?,
            }
            while !events.is_empty() {
                if self.shutdown.is_cancelled() {
                    return Ok(());
                }
                let most = self.options.batch_events_max.max(1).min(events.len());
                let later = events.split_off(most);
                at = self.take(at, mem::replace(&mut events, later)).await?;
            }
        }
    }

    /// Takes what the log has, as much as fits into one batch; never waits for what it does not have
    /// yet, except for the first.
    async fn gather(
        &mut self,
        batches: &mut EventBatches,
        events: &mut Vec<RecordedEvent>,
    ) -> Result<(), ProjectorError> {
        let mut first = events.is_empty();
        let mut bytes = 0;
        loop {
            let page = batches.next().await.ok_or_else(ended)??;
            bytes += page.iter().map(|event| event.data.get().len()).sum::<usize>();
            // Before anything else is waited for: whoever stops waiting here must not lose them.
            events.extend(page);
            if mem::take(&mut first) {
                self.find_head().await;
            }
            let is_behind = events.last().is_none_or(|last| last.position < self.head);
            let most = self.options.batch_events_max;
            if !is_behind || events.len() >= most || bytes >= BATCH_BYTES_MAX {
                return Ok(());
            }
        }
    }

    /// Folds one batch in and tells of it.
    async fn take(
        &mut self,
        from: Checkpoint,
        events: Vec<RecordedEvent>,
    ) -> Result<Checkpoint, ProjectorError> {
        let applied = apply::apply_all(&self.read_model, from, events, self.options.poison).await?;
        let Applied { changed, poison, halted, .. } = &applied;
        let reached = changed.checkpoint;
        // At once: what is committed is told of, whatever may fail from here on.
        if reached != from {
            self.feed.publish(changed.clone()).await;
        }
        self.succeeded();
        measure::batch(&applied);
        self.tell_progress(reached);
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
}

fn ended() -> LogError {
    LogError::Unavailable("its subscription ended".to_owned())
}
