//! The path that every command takes: load the stream, decide, append what follows, answer; and again
//! where someone else was faster.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use domain::Aggregate;
use event_log::{Append, AppendError, Appended, Expected, LogError};
use events::{Event, EventId, NewEvent, Revision, StreamName};

use crate::{
    circumstances::Circumstances,
    idempotency::Standing,
    loaded::Loaded,
    problem::CommandError,
    receipt::{Answer, Done, Subject, Success, dry_run},
    state::CommandState,
};

/// How often a command is decided upon before it gives up on a stream that keeps changing.
const DECISIONS_MAX: u32 = 8;

/// How often an append whose outcome is unknown is tried, with the same event ids.
const APPENDS_MAX: u32 = 4;

/// How long to wait before the second of these; twice as long before each further one.
const APPEND_PAUSE: Duration = Duration::from_millis(50);

/// How many of the events that a client missed it is told of.
const MISSED_EVENTS_MAX: usize = 100;

/// What to do, and to what.
pub(crate) struct Task<A: Aggregate> {
    pub(crate) stream: StreamName,
    pub(crate) command: A::Command,
    pub(crate) subject: Subject,
    pub(crate) success: Success,
    /// Whether the client must say which version it means, where there is one.
    pub(crate) needs_version: bool,
}

impl CommandState {
    /// An aggregate as the log has it now.
    pub(crate) async fn load<A: Aggregate>(
        &self,
        stream: &StreamName,
    ) -> Result<Loaded<A>, CommandError> {
        let mut loaded = Loaded::default();
        loaded.catch_up(&*self.log, stream).await?;
        Ok(loaded)
    }

    /// Carries `task` out, once for each idempotency key.
    pub(crate) async fn execute<A>(
        &self,
        circumstances: Circumstances,
        task: Task<A>,
    ) -> Result<Response, CommandError>
    where
        A: Aggregate,
        A::Refusal: Into<CommandError>,
    {
        if circumstances.dry_run {
            let loaded = self.load::<A>(&task.stream).await?;
            let events = self.decide(&circumstances, &task, &loaded).await?;
            let events = self.encode(&circumstances, events)?;
            return dry_run(&task.stream, loaded.revision, events);
        }
        // Held until the answer is in the log.
        let _claim = match &circumstances.idempotency {
            None => None,
            Some(request) => match self.claim(request).await? {
                Standing::Repeated(done) => return Ok(done.into_response()),
                Standing::New(claim) => Some(claim),
            },
        };
        self.carry_out(&circumstances, &task).await.map(IntoResponse::into_response)
    }

    async fn carry_out<A>(
        &self,
        circumstances: &Circumstances,
        task: &Task<A>,
    ) -> Result<Done, CommandError>
    where
        A: Aggregate,
        A::Refusal: Into<CommandError>,
    {
        let mut loaded = self.load::<A>(&task.stream).await?;
        let mut turn = None;
        for _ in 0..DECISIONS_MAX {
            let events = self.decide(circumstances, task, &loaded).await?;
            let events = self.encode(circumstances, events)?;
            let answer = Answer::new(task.success, loaded.state.exists(), &task.subject, &events);
            match self.append(circumstances, task, &loaded, &answer, events).await {
                Ok(appended) => return Ok(Done { answer, appended, repeated: false }),
                Err(CommandError::Append(AppendError::Conflict { .. })) => {
                    metrics::counter!("cinelog_command_conflicts_total").increment(1);
                    if turn.is_none() {
                        turn = Some(self.turns.take(&task.stream).await);
                    }
                    loaded.catch_up(&*self.log, &task.stream).await?;
                }
                Err(CommandError::Append(AppendError::KeyTaken)) => {
                    return self.recall_taken(circumstances).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(CommandError::Contended(DECISIONS_MAX))
    }

    /// The events that the task leads to: first whether there is anything to change, then whether the
    /// client knows what it changes, then whether it can be changed so.
    async fn decide<A>(
        &self,
        circumstances: &Circumstances,
        task: &Task<A>,
        loaded: &Loaded<A>,
    ) -> Result<Vec<Event>, CommandError>
    where
        A: Aggregate,
        A::Refusal: Into<CommandError>,
    {
        let decision = loaded.state.decide(&task.command).map_err(Into::into);
        match &decision {
            Err(refusal) if refusal.problem_type() == http_kit::ProblemType::NotFound => {
                return decision;
            }
            // What is asked for is so, and there is nothing to have a version of: a deletion that is
            // repeated succeeds, whatever version it names (RFC 9110 section 13.1.1 allows it).
            Ok(events) if events.is_empty() && !loaded.state.exists() => return decision,
            _ => {}
        }
        let preconditions = &circumstances.preconditions;
        if task.needs_version && loaded.state.exists() && !preconditions.name_a_version() {
            return Err(CommandError::PreconditionRequired);
        }
        if !preconditions.hold(loaded.state.exists(), loaded.revision) {
            let known = preconditions.known_revision(loaded.revision);
            return Err(self.precondition_failed(&task.stream, known, loaded.revision).await?);
        }
        decision
    }

    async fn precondition_failed(
        &self,
        stream: &StreamName,
        known: Revision,
        current: Revision,
    ) -> Result<CommandError, CommandError> {
        let mut since = self.log.read_stream(stream, known.next(), MISSED_EVENTS_MAX + 1).await?;
        let truncated = since.len() > MISSED_EVENTS_MAX;
        since.truncate(MISSED_EVENTS_MAX);
        Ok(CommandError::PreconditionFailed { current, since, truncated })
    }

    fn encode(
        &self,
        circumstances: &Circumstances,
        events: Vec<Event>,
    ) -> Result<Vec<NewEvent>, CommandError> {
        let metadata = circumstances.metadata(self.clock.now());
        let encode =
            |event: &Event| NewEvent::encode(EventId(self.clock.new_id()), event, metadata.clone());
        Ok(events.iter().map(encode).collect::<Result<_, _>>()?)
    }

    /// Appends what was decided on `loaded`. Without events there is nothing to append, unless a key
    /// is to be remembered.
    async fn append<A: Aggregate>(
        &self,
        circumstances: &Circumstances,
        task: &Task<A>,
        loaded: &Loaded<A>,
        answer: &Answer,
        events: Vec<NewEvent>,
    ) -> Result<Appended, CommandError> {
        if events.is_empty() && circumstances.idempotency.is_none() {
            return Ok(Appended { revision: loaded.revision, position: loaded.position });
        }
        let expected = match loaded.revision {
            Revision::NONE => Expected::NoStream,
            revision => Expected::Exact(revision),
        };
        let mut append = Append::new(task.stream.clone(), expected, events);
        if let Some(request) = &circumstances.idempotency {
            append.idempotency = Some(request.entry(answer, self.clock.now())?);
        }
        Ok(self.append_until_known(append).await?)
    }

    /// Appends, and where the outcome is unknown tries again with the same ids: the log gives the
    /// first result if there was one.
    async fn append_until_known(&self, append: Append) -> Result<Appended, AppendError> {
        let mut pause = APPEND_PAUSE;
        for attempt in 1..APPENDS_MAX {
            match self.log.append(append.clone()).await {
                Err(AppendError::Log(LogError::Unavailable(reason))) => {
                    tracing::warn!(stream = %append.stream, attempt, reason, "append outcome unknown");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                known => return known,
            }
        }
        self.log.append(append).await
    }

    /// Another process carried out a request with the same key in the meantime.
    async fn recall_taken(&self, circumstances: &Circumstances) -> Result<Done, CommandError> {
        let done = match &circumstances.idempotency {
            Some(request) => self.recall(request).await?,
            None => None,
        };
        done.ok_or(CommandError::Append(AppendError::KeyTaken))
    }
}
