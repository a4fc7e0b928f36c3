//! Folding, while this projector leads: it takes the events that there are, and folds them in, batch after batch.

use std::{mem, time::Duration};

use event_log::{EventBatches, LogError};
use events::RecordedEvent;
use futures::StreamExt;
use read_model::{Checkpoint, ReadModelChanged};
use tokio::time::{sleep_until, timeout};
use trace_kit::{Span, SpanKind};

use super::Projector;
use crate::{Applied, ProjectorError, apply, measure};

/// Event data in one transaction, in bytes. The page that reaches this is the last one.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// How long gathered events wait for further ones that the log has already.
const NEXT_PAGE_MAX: Duration = Duration::from_millis(50);

impl Projector {
    /// Follows the log from the stored checkpoint until `shutdown`, an error, or the read model turns out not to be
    /// made of this log.
    pub(super) async fn project(&mut self) -> Result<(), ProjectorError> {
        let mut at = self.look().await?;
        // Asked again: before this projector had the lead, another one may have moved the checkpoint.
        if !self.is_of_this_log().await? {
            return Ok(());
        }
        let (generation, position) = (at.generation, at.position);
        if self.told.is_empty() {
            tracing::info!(generation, %position, "projector follows the log");
        } else {
            tracing::debug!(generation, %position, "projector follows the log again");
        }
        // A batch may have been committed without being announced: because its answer was lost, or because another
        // projector ended right after it. So all caches are told to forget everything. Also if the position has
        // not changed, since parked streams are folded in without moving it.
        self.feed.publish(ReadModelChanged::anew(at)).await;

        let mut batches = self.source.subscribe(at.position);
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
                // If one of the others comes first, `events` keeps what was gathered.
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

    /// Waits for events, and gathers as many as fit into one batch. After the first page it waits only for
    /// events that the log already has, and not for long: they may come by another way, and late.
    async fn gather(
        &mut self,
        batches: &mut EventBatches,
        events: &mut Vec<RecordedEvent>,
    ) -> Result<(), ProjectorError> {
        let mut first = events.is_empty();
        let mut bytes = 0;
        loop {
            let page = match first {
                true => batches.next().await,
                false => match timeout(NEXT_PAGE_MAX, batches.next()).await {
                    Ok(page) => page,
                    Err(_) => return Ok(()),
                },
            };
            let page = page.ok_or_else(ended)??;
            bytes += page.iter().map(|event| event.data.get().len()).sum::<usize>();
            // Before the next await: if this future is dropped there, the events must not be lost.
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

    /// Announces a batch, with its span: what others do because of the batch belongs to that trace.
    async fn tell_feed(&self, mut change: ReadModelChanged, batch: &Span) {
        let parent = batch.traceparent();
        let mut span = Span::child("publish change", SpanKind::Producer, parent.as_deref());
        span.count("cinelog.movies", change.movies.len() as u64);
        span.count("cinelog.facets", change.facets.len() as u64);
        change.traceparent = span.traceparent();
        self.feed.publish(change).await;
    }

    /// Folds one batch in and announces it.
    async fn take(
        &mut self,
        from: Checkpoint,
        events: Vec<RecordedEvent>,
    ) -> Result<Checkpoint, ProjectorError> {
        let mut span = batch_span(&events);
        let applied = apply::apply_all(&self.read_model, from, events, self.options.poison).await;
        let applied = applied.inspect_err(|error| span.fail(error.to_string()))?;
        let Applied { changed, poison, halted, .. } = &applied;
        let reached = changed.checkpoint;
        span.count("cinelog.generation", reached.generation);
        span.count("cinelog.position", reached.position.0);
        // At once: a committed batch is announced, whatever fails after it.
        if reached != from {
            self.tell_feed(changed.clone(), &span).await;
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

/// The span of a batch, linked to the requests that its events came from.
fn batch_span(events: &[RecordedEvent]) -> Span {
    let requests = events.iter().filter_map(|event| event.metadata.traceparent.as_deref());
    let mut span = Span::linked("project", SpanKind::Consumer, requests);
    span.count("cinelog.events", events.len() as u64);
    span
}

fn ended() -> LogError {
    LogError::Unavailable("its subscription ended".to_owned())
}
