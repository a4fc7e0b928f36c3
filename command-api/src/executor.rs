//! The path that every command takes, wherever it comes from: load the stream, decide, append what
//! follows; and again where someone else was faster.
//!
//! It knows nothing of HTTP. What a decision is made of besides the stream is its caller's.

mod appending;

use std::sync::Arc;

use domain::movie::Movie;
use event_log::{AppendError, Appended, EventLog, IdempotencyEntry, LogError};
use events::{DecodeError, Event, EventId, Metadata, NewEvent, Revision, StreamName};
use http_kit::Clock;

use crate::{
    cache::{Cached, Caches},
    loaded::Loaded,
    measure,
    turns::Turns,
};

/// How often a command is decided upon before it gives up on a stream that keeps changing.
const DECISIONS_MAX: u32 = 8;

/// Carries commands out against a log. Clones wait for each other's turn at a stream that is contended,
/// and share what is known of streams that were used lately.
#[derive(Clone)]
pub struct Executor {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
    turns: Turns,
    caches: Arc<Caches>,
}

/// Where a command that was carried out left its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarriedOut {
    /// The revision that was decided on. [`Revision::NONE`] where the stream had no events.
    pub before: Revision,
    /// Where the stream stands now: as before, where there was nothing to append.
    pub after: Appended,
}

impl CarriedOut {
    /// Whether something was appended.
    #[must_use]
    pub fn changed_something(&self) -> bool {
        self.after.revision > self.before
    }
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CarryOutError<R> {
    /// The decision is no.
    #[error("{0}")]
    Refused(R),
    /// Others changed the stream, as often as this, each time while it was decided.
    #[error("the stream changed {0} times while the command was decided on")]
    Contended(u32),
    /// What follows cannot be appended, and a new decision would not change that. Never a conflict.
    #[error(transparent)]
    Append(AppendError),
    /// The log failed. Of an append it is then unknown, after several attempts, whether it happened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The stream holds an event that this version cannot read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An event cannot be written.
    #[error("an event cannot be written: {0}")]
    Encode(#[from] serde_json::Error),
}

/// What a command is about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) stream: &'a StreamName,
    /// Whether the stream cannot have events yet.
    pub(crate) is_new: bool,
    /// The film that the decision depends upon, where that is another stream.
    pub(crate) film: Option<&'a StreamName>,
}

/// An aggregate as it is known here.
struct Known<A> {
    loaded: Arc<Loaded<A>>,
    /// Whether it was read while the command is carried out. Otherwise it may be behind the log.
    is_fresh: bool,
}

impl<A: Default> Default for Known<A> {
    fn default() -> Self {
        Self { loaded: Arc::default(), is_fresh: false }
    }
}

impl<A> Known<A> {
    /// Whether it is only taken to be new: nobody has looked.
    fn is_guess(&self) -> bool {
        !self.is_fresh && self.loaded.revision == Revision::NONE
    }
}

/// What a decision leads to.
pub(crate) struct Proposal<T> {
    pub(crate) facts: Vec<Event>,
    /// The same in the form that is appended.
    pub(crate) events: Vec<NewEvent>,
    /// What the log is to remember with them.
    pub(crate) idempotency: Option<IdempotencyEntry>,
    /// What the caller wants back once they are in the log.
    pub(crate) answer: T,
}

impl<T> Proposal<T> {
    /// Whether the log sees it, and so what it rests on.
    fn is_appended(&self) -> bool {
        !self.events.is_empty() || self.idempotency.is_some()
    }
}

impl Executor {
    /// Commands are carried out against `log`; `clock` gives the ids of their events.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Clock) -> Self {
        Self { log, clock, turns: Turns::default(), caches: Arc::default() }
    }

    /// Carries out what `decide` makes of `stream`: the state that its events lead to, and its revision.
    /// The events that it answers with are appended in one piece, each with `metadata`, unless the
    /// stream has changed meanwhile; then it is asked again. Without events nothing is appended.
    ///
    /// # Errors
    /// [`CarryOutError::Refused`] with the reason of `decide`. [`CarryOutError::Contended`] where the
    /// stream kept changing; [`CarryOutError::Log`] where the log kept failing.
    #[expect(private_bounds, reason = "which aggregates there are is settled by the domain")]
    pub async fn carry_out<A: Cached, R>(
        &self,
        stream: &StreamName,
        metadata: &Metadata,
        decide: impl Fn(&A, Revision) -> Result<Vec<Event>, R>,
    ) -> Result<CarriedOut, CarryOutError<R>> {
        let propose = |loaded: &Loaded<A>, _: &Movie| {
            let facts = decide(&loaded.state, loaded.revision).map_err(CarryOutError::Refused)?;
            let events = self.encode(&facts, metadata)?;
            Ok(Proposal { facts, events, idempotency: None, answer: () })
        };
        let about = About { stream, is_new: false, film: None };
        self.carry_through(about, propose).await.map(|((), carried_out)| carried_out)
    }

    /// [`Self::carry_out`] for callers that have something for the log to remember.
    ///
    /// A decision is first made on what is known here, without reading. Where it leads to an append, the
    /// log says whether that was right. Where it does not, and so nothing would say, it is made again
    /// on what is read.
    pub(crate) async fn carry_through<A: Cached, T, R>(
        &self,
        about: About<'_>,
        propose: impl Fn(&Loaded<A>, &Movie) -> Result<Proposal<T>, CarryOutError<R>>,
    ) -> Result<(T, CarriedOut), CarryOutError<R>> {
        let mut own = self.known::<A, CarryOutError<R>>(about.stream, about.is_new).await?;
        let mut film = match about.film {
            Some(film) => self.known::<Movie, CarryOutError<R>>(film, false).await?,
            None => Known::default(),
        };
        let mut turn = None;
        for _ in 0..DECISIONS_MAX {
            let is_certain = own.is_fresh && (film.is_fresh || about.film.is_none());
            let proposal = match propose(&own.loaded, &film.loaded.state) {
                Ok(proposal) if is_certain || proposal.is_appended() => proposal,
                Err(error) if is_certain => return Err(error),
                Ok(_) | Err(_) => {
                    self.refresh::<A, CarryOutError<R>>(about.stream, &mut own).await?;
                    if let Some(stream) = about.film {
                        self.refresh::<Movie, CarryOutError<R>>(stream, &mut film).await?;
                    }
                    continue;
                }
            };
            let given = about.film.filter(|_| !film.is_fresh);
            let given = given.map(|stream| (stream.clone(), film.loaded.revision));
            let Proposal { facts, events, idempotency, answer } = proposal;
            let changed_at = events.last().map(|event| event.metadata.recorded_at);
            match self.append(about.stream, &own.loaded, given, events, idempotency).await {
                Ok(after) => {
                    let before = own.loaded.revision;
                    if let Some(changed_at) = changed_at {
                        let loaded = Arc::unwrap_or_clone(own.loaded);
                        let loaded = loaded.after(&facts, after, changed_at);
                        self.remember(about.stream, Arc::new(loaded));
                    }
                    return Ok((answer, CarriedOut { before, after }));
                }
                Err(AppendError::Conflict { .. }) => {
                    // That a stream which nobody has looked at is not new after all is no race.
                    if !own.is_guess() {
                        measure::conflict();
                    }
                    if turn.is_none() {
                        turn = Some(self.turns.take(about.stream).await);
                    }
                    own.is_fresh = false;
                    self.refresh::<A, CarryOutError<R>>(about.stream, &mut own).await?;
                }
                Err(AppendError::GivenChanged { .. }) => {
                    if let Some(stream) = about.film {
                        self.refresh::<Movie, CarryOutError<R>>(stream, &mut film).await?;
                    }
                }
                Err(AppendError::Log(error)) => return Err(CarryOutError::Log(error)),
                Err(error) => return Err(CarryOutError::Append(error)),
            }
        }
        Err(CarryOutError::Contended(DECISIONS_MAX))
    }

    /// An aggregate as the log has it now. Of its stream only that is read which was not known here.
    pub(crate) async fn load<A: Cached, E: From<LogError> + From<DecodeError>>(
        &self,
        stream: &StreamName,
    ) -> Result<Loaded<A>, E> {
        let loaded = A::cache(&self.caches).get(stream).unwrap_or_default();
        let mut known = Known { loaded, is_fresh: false };
        self.refresh::<A, E>(stream, &mut known).await?;
        Ok(Arc::unwrap_or_clone(known.loaded))
    }

    /// An aggregate as it is known here. Of one that is not, the log is asked; unless it is likely to be
    /// new, and so to have nothing there. Where that is wrong, it costs a second decision.
    async fn known<A: Cached, E: From<LogError> + From<DecodeError>>(
        &self,
        stream: &StreamName,
        is_new: bool,
    ) -> Result<Known<A>, E> {
        let cache = A::cache(&self.caches);
        match cache.get(stream) {
            Some(loaded) => Ok(Known { loaded, is_fresh: false }),
            None if is_new || cache.is_next_new() => Ok(Known::default()),
            None => {
                let mut known = Known::default();
                self.refresh::<A, E>(stream, &mut known).await?;
                Ok(known)
            }
        }
    }

    /// Reads what the log has beyond what is known, unless that was just done.
    async fn refresh<A: Cached, E: From<LogError> + From<DecodeError>>(
        &self,
        stream: &StreamName,
        known: &mut Known<A>,
    ) -> Result<(), E> {
        if known.is_fresh {
            return Ok(());
        }
        let before = known.loaded.revision;
        Arc::make_mut(&mut known.loaded).catch_up::<E>(&*self.log, stream).await?;
        known.is_fresh = true;
        if before == Revision::NONE {
            A::cache(&self.caches).was_new(known.loaded.revision == Revision::NONE);
        }
        if known.loaded.revision > before {
            self.remember(stream, Arc::clone(&known.loaded));
        }
        Ok(())
    }

    fn remember<A: Cached>(&self, stream: &StreamName, loaded: Arc<Loaded<A>>) {
        A::cache(&self.caches).insert(stream, loaded);
    }

    /// The events in the form that is appended, with new ids.
    pub(crate) fn encode(
        &self,
        events: &[Event],
        metadata: &Metadata,
    ) -> Result<Vec<NewEvent>, serde_json::Error> {
        let encode =
            |event| NewEvent::encode(EventId(self.clock.new_id()), event, metadata.clone());
        events.iter().map(encode).collect()
    }
}

#[cfg(test)]
mod tests;
