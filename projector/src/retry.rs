//! Parked streams, tried again. The same for every store.
//!
//! A retry ends where a fresh fold would: films and facets count up in any order, ratings know their
//! film, and an event that stands before the film it is about is no more folded in later than it is
//! by a fold from the beginning.

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

/// What became of a stream that was tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retried {
    /// What to tell the change feed.
    pub(crate) changed: ReadModelChanged,
    /// How many of its events were folded in.
    pub(crate) events_applied: u64,
    /// Why it is parked still, and where. `None`: it is not.
    pub(crate) parked: Option<(Position, String)>,
}

/// Folds in what was set aside of a stream, in one transaction; what is poison still is parked
/// again, with what is wrong now. `None` where the stream is not parked.
///
/// # Errors
/// [`StoreError::Fenced`] where the checkpoint is not `at`; that, and every other error, changes
/// nothing.
pub(crate) async fn retry(
    model: &dyn ReadModel,
    log: &dyn EventLog,
    at: Checkpoint,
    stream: &StreamName,
) -> Result<Option<Retried>, ProjectorError> {
    let mut batch = model.begin(at, PAGE_EVENTS).await?;
    match retry_stream(batch.as_mut(), log, at, stream).await {
        Ok(Some(retried)) => {
            // It stays where it is, and says that something changed there.
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
        // What the checkpoint has not reached comes in its turn.
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

/// The event of a stream that is at a position. It is looked for in its stream: a log may not be able to
/// begin to read at any number.
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
                let what = format!("{stream} has no event at {position}");
                StoreError::Damaged(format!("what is parked does not fit the log: {what}"))
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
