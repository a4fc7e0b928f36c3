//! A command that came over HTTP: guarded by its preconditions, carried out once for each idempotency
//! key, answered with a receipt.

use axum::response::{IntoResponse, Response};
use domain::{Aggregate, movie::Movie};
use event_log::AppendError;
use events::{Event, NewEvent, RecordedEvent, Revision, StreamName};

use crate::{
    cache::Cached,
    circumstances::Circumstances,
    executor::{About, CarryOutError, Proposal},
    idempotency::{IdempotentRequest, Standing},
    loaded::Loaded,
    precondition::Current,
    problem::CommandError,
    receipt::{Answer, Done, DryRun, Outcome, Subject, Success},
    state::CommandState,
};

/// How many of the events that a client missed it is told of.
const MISSED_EVENTS_MAX: usize = 100;

/// How much data these have at most, together.
const MISSED_BYTES_MAX: usize = 256 << 10;

/// What to do, and to what.
pub(crate) struct Task<A: Aggregate> {
    pub(crate) stream: StreamName,
    pub(crate) command: A::Command,
    pub(crate) subject: Subject,
    pub(crate) success: Success,
    /// Whether the client must say which version of the stream it means, where it has one.
    pub(crate) require_if_match: bool,
    /// Whether clients see it, at revision 0, before its stream has an event.
    pub(crate) is_seen_unwritten: bool,
}

/// Why a command does not go ahead.
enum Objection {
    /// The client knows the stream up to one revision only, and it is at another.
    OutOfDate { known: Revision, current: Revision },
    /// Something that can be said as it is.
    Other(CommandError),
}

impl<E: Into<CommandError>> From<E> for Objection {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl CommandState {
    /// Carries `task` out, once for each idempotency key, and answers.
    pub(crate) async fn execute<A>(
        &self,
        circumstances: Circumstances,
        task: Task<A>,
    ) -> Result<Response, CommandError>
    where
        A: Cached,
        A::Refusal: Into<CommandError>,
    {
        Ok(self.perform(circumstances, task).await?.into_response())
    }

    /// Carries `task` out, once for each idempotency key.
    pub(crate) async fn perform<A>(
        &self,
        circumstances: Circumstances,
        task: Task<A>,
    ) -> Result<Outcome, CommandError>
    where
        A: Cached,
        A::Refusal: Into<CommandError>,
    {
        if circumstances.dry_run {
            return self.rehearse(&circumstances, &task).await;
        }
        // Held until the answer is in the log.
        let _claim = match &circumstances.idempotency {
            None => None,
            Some(request) => match self.claim(request).await? {
                Standing::Repeated(done) => return Ok(Outcome::Done(done)),
                Standing::New(claim) => Some(claim),
            },
        };
        let propose = |loaded: &Loaded<A>, film: &Movie| {
            self.propose(&circumstances, &task, loaded, film).map_err(CarryOutError::Refused)
        };
        let film = A::film(&task.command);
        let is_new = A::is_new(&task.command);
        let about = About { stream: &task.stream, is_new, film: film.as_ref() };
        let done = match self.executor.carry_through(about, propose).await {
            Ok((answer, carried_out)) => {
                Done { answer, appended: carried_out.after, repeated: false }
            }
            Err(CarryOutError::Append(AppendError::KeyTaken)) => {
                self.recall_taken(&circumstances).await?
            }
            // What stands in the way may be what the same request has just led to, in another process.
            Err(CarryOutError::Refused(objection)) => match self.recall_late(&circumstances).await?
            {
                Some(done) => done,
                None => return Err(self.explain(&task.stream, objection).await),
            },
            Err(CarryOutError::Contended(times)) => match self.recall_late(&circumstances).await? {
                Some(done) => done,
                None => return Err(CommandError::Contended(times)),
            },
            Err(CarryOutError::Append(error)) => return Err(error.into()),
            Err(CarryOutError::Log(error)) => return Err(error.into()),
            Err(CarryOutError::Decode(error)) => return Err(error.into()),
            Err(CarryOutError::Encode(error)) => return Err(error.into()),
        };
        Ok(Outcome::Done(done))
    }

    /// Says what `task` would lead to.
    async fn rehearse<A>(
        &self,
        circumstances: &Circumstances,
        task: &Task<A>,
    ) -> Result<Outcome, CommandError>
    where
        A: Cached,
        A::Refusal: Into<CommandError>,
    {
        let loaded = self.executor.load::<A, CommandError>(&task.stream).await?;
        let film = match A::film(&task.command) {
            Some(film) => self.executor.load::<Movie, CommandError>(&film).await?,
            None => Loaded::default(),
        };
        match self.decide(circumstances, task, &loaded, &film.state) {
            Ok((_, events)) => {
                DryRun::of(&task.stream, loaded.revision, events).map(Outcome::Rehearsed)
            }
            Err(objection) => Err(self.explain(&task.stream, objection).await),
        }
    }

    /// What the task leads to, and what the log is to remember of it.
    fn propose<A>(
        &self,
        circumstances: &Circumstances,
        task: &Task<A>,
        loaded: &Loaded<A>,
        film: &Movie,
    ) -> Result<Proposal<Answer>, Objection>
    where
        A: Cached,
        A::Refusal: Into<CommandError>,
    {
        let (facts, events) = self.decide(circumstances, task, loaded, film)?;
        let answer = Answer::new(task.success, loaded.state.exists(), &task.subject, &events);
        let remember =
            |request: &IdempotentRequest| request.entry(&answer, self.executor.clock.now());
        let idempotency = circumstances.idempotency.as_ref().map(remember).transpose()?;
        Ok(Proposal { facts, events, idempotency, answer })
    }

    /// The events that the task leads to, as they are and as they are appended: first whether there is anything to change, then whether the
    /// client knows what it changes, then whether it can be changed so.
    fn decide<A>(
        &self,
        circumstances: &Circumstances,
        task: &Task<A>,
        loaded: &Loaded<A>,
        film: &Movie,
    ) -> Result<(Vec<Event>, Vec<NewEvent>), Objection>
    where
        A: Cached,
        A::Refusal: Into<CommandError>,
    {
        let Loaded { state, revision, .. } = loaded;
        let informed = A::informed(&task.command, film);
        let decision = state.decide(informed.as_ref().unwrap_or(&task.command)).map_err(Into::into);
        let is_beyond_conditions = match &decision {
            Err(refusal) => refusal.problem_type() == http_kit::ProblemType::NotFound,
            // What is asked for is so, and there is nothing to have a version of: a deletion that is
            // repeated succeeds, whatever version it names (RFC 9110 section 13.1.1 allows it).
            Ok(events) => events.is_empty() && !state.exists(),
        };
        if !is_beyond_conditions {
            let preconditions = &circumstances.preconditions;
            let current = Current {
                exists: state.exists(),
                // Of what was deleted there is a version too, which a restoration is about.
                has_version: *revision > Revision::NONE || task.is_seen_unwritten,
                revision: *revision,
                changed_at: loaded.changed_at,
            };
            if task.require_if_match && current.has_version && !preconditions.name_a_version() {
                return Err(CommandError::PreconditionRequired.into());
            }
            if !preconditions.hold(&current) {
                let known = preconditions.known_revision(*revision);
                return Err(Objection::OutOfDate { known, current: *revision });
            }
        }
        let metadata = circumstances.metadata(self.executor.clock.now());
        let facts = decision?;
        let events = self.executor.encode(&facts, &metadata)?;
        Ok((facts, events))
    }

    /// The objection with all that its client is told.
    async fn explain(&self, stream: &StreamName, objection: Objection) -> CommandError {
        let (known, current) = match objection {
            Objection::Other(error) => return error,
            Objection::OutOfDate { known, current } => (known, current),
        };
        let log = &self.executor.log;
        match log.read_stream(stream, known.next(), MISSED_EVENTS_MAX + 1).await {
            Ok(mut since) => {
                let told = how_many_are_told(&since);
                let truncated = since.len() > told;
                since.truncate(told);
                CommandError::PreconditionFailed { current, since, truncated }
            }
            Err(error) => error.into(),
        }
    }

    /// What another process has answered to a request whose key is taken.
    async fn recall_taken(&self, circumstances: &Circumstances) -> Result<Done, CommandError> {
        let done = self.recall_late(circumstances).await?;
        done.ok_or(CommandError::Append(AppendError::KeyTaken))
    }

    /// What another process has answered meanwhile to the same request. `None` where there was nothing
    /// to answer, or the request has no key.
    async fn recall_late(
        &self,
        circumstances: &Circumstances,
    ) -> Result<Option<Done>, CommandError> {
        match &circumstances.idempotency {
            Some(request) => self.recall(request).await,
            None => Ok(None),
        }
    }
}

/// How many of the events that a client missed fit into an answer.
fn how_many_are_told(missed: &[RecordedEvent]) -> usize {
    let mut bytes = 0;
    let fits = |event: &&RecordedEvent| {
        bytes += event.data.get().len();
        bytes <= MISSED_BYTES_MAX
    };
    missed.iter().take(MISSED_EVENTS_MAX).take_while(fits).count()
}
