//! Trying parked streams again. The same for every store.
//!
//! A retry gives the same read model as a fresh fold: counts of films and facets do not depend on the order of
//! events, ratings know their film, and an event that stands before the film that it is about stays parked, as
//! it does in a fold from the beginning.

use std::collections::BTreeSet;

use event_log::EventLog;
use events::{Position, RecordedEvent, Revision, StreamName};
use read_model::{Changes, Checkpoint, Fact, PoisonReason, ReadModelChanged};

use crate::{
    PoisonPolicy, ProjectorError, StoreError, apply,
    port::{Batch, ReadModel},
};

/// How many events of a stream are read or folded in at once.
const PAGE_EVENTS: usize = 256;

/// The result of trying a stream again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retried {
    /// What to tell the change feed.
    pub(crate) changed: ReadModelChanged,
    /// How many of its events were folded in.
    pub(crate) events_applied: u64,
    /// Where and why it is still parked. `None`: it is not parked any more.
    pub(crate) parked: Option<(Position, String)>,
}

/// Folds in the events of a stream that were set aside, in one transaction. If one is still poison, the stream is
/// parked again from there on, with the reason of now. `None`: the stream is not parked.
///
/// # Errors
/// [`StoreError::Fenced`] if the checkpoint is not `at`. After an error nothing has changed.
pub(crate) async fn retry(
    model: &dyn ReadModel,
    log: &dyn EventLog,
    at: Checkpoint,
    stream: &StreamName,
) -> Result<Option<Retried>, ProjectorError> {
    let mut batch = model.begin(at, PAGE_EVENTS).await?;
    match retry_stream(batch.as_mut(), log, at, stream).await {
        Ok(Some(retried)) => {
            // The checkpoint stays where it is, but the store notes that something changed.
            let digest = batch.digest();
            batch.advance(at, digest).await?;
            batch.commit().await?;
            Ok(Some(retried))
        }
        done => {
            batch.abandon().await;
            done
        }
    }
}

async fn retry_stream(
    batch: &mut dyn Batch,
    log: &dyn EventLog,
    at: Checkpoint,
    stream: &StreamName,
) -> Result<Option<Retried>, ProjectorError> {
    let Some(position) = batch.poison_position(stream).await? else { return Ok(None) };
    let first = event_at(log, position, stream).await?;
    let mut told = Told { at, events_applied: 0, movies: <_>::default(), facets: <_>::default() };
    if stands_before_its_film(log, &first).await? {
        let reason = PoisonReason::NoSuchMovie.to_string();
        batch.refuse(stream, &reason).await?;
        return Ok(Some(told.retried(Some((position, reason)))));
    }
    batch.forget(stream).await?;
    let (mut from, mut parked) = (first.revision, None);
    loop {
        let mut page = log.read_stream(stream, from, PAGE_EVENTS).await?;
        // Later events are folded in when the checkpoint reaches them.
        page.retain(|event| event.position <= at.position);
        let Some(last) = page.last() else { break };
        from = last.revision.next();
        let (folded, changes) = apply::fold(batch, at, &page, PoisonPolicy::Park).await?;
        told.events_applied += folded.events_applied;
        told.add(&changes);
        let poison = changes.poison.into_iter().next();
        parked = parked.or(poison.map(|poison| (poison.position, poison.reason.to_string())));
    }
    Ok(Some(told.retried(parked)))
}

/// The event of a stream at a position. It is looked for in the stream, since not every log can be read from any
/// position.
async fn event_at(
    log: &dyn EventLog,
    position: Position,
    stream: &StreamName,
) -> Result<RecordedEvent, ProjectorError> {
    let mut from = Revision::NONE.next();
    loop {
        let page = log.read_stream(stream, from, PAGE_EVENTS).await?;
        let Some(last) = page.last().filter(|last| last.position < position) else {
            let event = page.into_iter().find(|event| event.position == position);
            return Ok(event.ok_or_else(|| {
                let what = format!("the log has no event of it at {position}");
                StoreError::Damaged(format!("{stream} is parked, but {what}"))
            })?);
        };
        from = last.revision.next();
    }
}

/// Whether an event is about a film that was created later, or never.
async fn stands_before_its_film(
    log: &dyn EventLog,
    event: &RecordedEvent,
) -> Result<bool, ProjectorError> {
    let Some(film) = Fact::read(event).depends_on() else { return Ok(false) };
    let first = log.read_stream(&film, Revision::NONE.next(), 1).await?.pop();
    Ok(first.is_none_or(|first| first.position > event.position))
}

/// What a retry has changed so far.
struct Told {
    at: Checkpoint,
    events_applied: u64,
    movies: BTreeSet<events::MovieId>,
    facets: BTreeSet<read_model::FacetKey>,
}

impl Told {
    fn add(&mut self, changes: &Changes) {
        let changed = changes.announcement(self.at, self.at);
        self.movies.extend(changed.movies);
        self.facets.extend(changed.facets);
    }

    fn retried(self, parked: Option<(Position, String)>) -> Retried {
        let changed = ReadModelChanged {
            previous: self.at,
            checkpoint: self.at,
            movies: self.movies.into_iter().collect(),
            facets: self.facets.into_iter().collect(),
            traceparent: None,
        };
        Retried { changed, events_applied: self.events_applied, parked }
    }
}
