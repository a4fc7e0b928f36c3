//! Idempotency keys, without a transaction over two streams.
//!
//! Each key has a stream. Before its events, an append writes a *claim* there: what is to be remembered,
//! and which events at which revisions it is about to append. A claim counts only where those events are
//! in the log: so what is remembered and what happened are there together or not at all, although they
//! are written one after the other. A claim whose events can never come, since others stand in their
//! place, is nothing. One whose events may still come holds the key, for as long as a lease.

use events::{EventId, Position, Revision, StreamName};
use eventstore::ResolvedEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{envelope, failure::Failure, read::Reader, write};
use crate::{
    Append, AppendError, Appended, Direction, IdempotencyEntry, LogError, Remembered, RememberedKey,
};

/// How many claims on one key are looked at, the last ones. Those before had leases that are long over.
const CLAIMS_MAX: usize = 16;

const CLAIM: &str = "CinelogKeyClaimed";

/// What the ids of claims are made from.
const NAMESPACE: Uuid = Uuid::from_u128(0x6369_6e65_6c6f_672d_6b65_792d_636c_6169);

/// A claim, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) key: String,
    fingerprint: String,
    answer: Value,
    /// Microseconds since 1970.
    recorded_at_us: i64,
    /// `None` where the key was taken over from another log, which does not tell.
    stream: Option<StreamName>,
    /// Where the stream is before the events.
    base: Revision,
    /// How many there are, and the last one. `None` where there are none: then where the log stands.
    count: u64,
    last_id: Option<EventId>,
    position: Option<Position>,
}

/// What is known of a key before an append that wants it.
#[derive(Debug)]
pub(super) enum Key {
    /// Nobody has it. Its stream is at this revision.
    Free(Revision),
    /// This very append has claimed it before, and may have happened at this revision of its stream or
    /// may still; the key's stream is at the other one.
    Resumed { base: Revision, at: Revision },
    /// It is taken, by these events or by others.
    Taken,
}

enum State {
    Counts(Appended),
    Pending,
    Void,
}

impl Claim {
    /// The claim of an append whose events go after `base`.
    pub(super) fn of(append: &Append, entry: &IdempotencyEntry, base: Revision) -> Self {
        Self {
            key: entry.key.clone(),
            fingerprint: entry.fingerprint.clone(),
            answer: entry.answer.clone(),
            recorded_at_us: entry.recorded_at.as_microsecond(),
            stream: Some(append.stream.clone()),
            base,
            count: append.events.len() as u64,
            last_id: append.events.last().map(|event| event.id),
            position: None,
        }
    }

    /// The claim of an append without events, made when the log stood at `position`.
    pub(super) fn without_events(append: &Append, entry: &IdempotencyEntry, at: Appended) -> Self {
        Self { position: Some(at.position), ..Self::of(append, entry, at.revision) }
    }

    /// The claim of a key that another log remembered. It rests on nothing that is to come.
    fn restored(RememberedKey { key, remembered, recorded_at }: RememberedKey) -> Self {
        let Remembered { fingerprint, answer, appended } = remembered;
        Self {
            key,
            fingerprint,
            answer,
            recorded_at_us: recorded_at.as_microsecond(),
            stream: None,
            base: appended.revision,
            count: 0,
            last_id: None,
            position: Some(appended.position),
        }
    }

    fn is_of(&self, append: &Append) -> bool {
        self.stream.as_ref() == Some(&append.stream)
            && self.count == append.events.len() as u64
            && self.last_id.is_some()
            && self.last_id == append.events.last().map(|event| event.id)
    }

    fn is_older_than(&self, lease: std::time::Duration, now: Timestamp) -> bool {
        let age_us = now.as_microsecond().saturating_sub(self.recorded_at_us);
        u128::try_from(age_us).is_ok_and(|age_us| age_us > lease.as_micros())
    }

    pub(super) fn recorded_at(&self) -> Result<Timestamp, LogError> {
        Timestamp::from_microsecond(self.recorded_at_us)
            .map_err(|error| damaged(format!("the time of a key cannot be read: {error}")))
    }
}

/// A claim as it was read, and where it stands in the key's stream.
pub(super) fn claim(resolved: ResolvedEvent) -> Result<(Revision, Claim), LogError> {
    let event = resolved.event.ok_or_else(|| damaged("a key has no content".to_owned()))?;
    let claim = serde_json::from_slice(&event.data)
        .map_err(|error| damaged(format!("a key cannot be read: {error}")))?;
    Ok((super::revision(event.revision), claim))
}

/// What is remembered under a key.
pub(super) async fn recall(reader: &Reader, key: &str) -> Result<Option<Remembered>, LogError> {
    Ok(remembered(reader, key).await?.map(|found| found.remembered))
}

/// What is remembered under a key, with its time.
pub(super) async fn remembered(
    reader: &Reader,
    key: &str,
) -> Result<Option<RememberedKey>, LogError> {
    for (_, claim) in claims(reader, key).await? {
        if let State::Counts(appended) = state(reader, &claim).await? {
            let recorded_at = claim.recorded_at()?;
            let Claim { key, fingerprint, answer, .. } = claim;
            let remembered = Remembered { fingerprint, answer, appended };
            return Ok(Some(RememberedKey { key, remembered, recorded_at }));
        }
    }
    Ok(None)
}

/// Remembers what another log remembered, unless the key is taken; gives whether it was not.
pub(super) async fn restore(reader: &Reader, key: RememberedKey) -> Result<bool, LogError> {
    let claims = claims(reader, &key.key).await?;
    let at = claims.first().map_or(Revision::NONE, |(revision, _)| *revision);
    for (_, claim) in &claims {
        if let State::Counts(_) = state(reader, claim).await? {
            return Ok(false);
        }
    }
    match write(reader, &Claim::restored(key), at).await {
        Ok(_) => Ok(true),
        Err(AppendError::Log(error)) => Err(error),
        Err(other) => Err(LogError::Unavailable(other.to_string())),
    }
}

/// Looks at a key that an append wants.
///
/// # Errors
/// [`LogError::Unavailable`] where another append has claimed it that may still happen.
pub(super) async fn look(
    reader: &Reader,
    append: &Append,
    entry: &IdempotencyEntry,
    lease: std::time::Duration,
) -> Result<Key, LogError> {
    let claims = claims(reader, &entry.key).await?;
    let at = claims.first().map_or(Revision::NONE, |(revision, _)| *revision);
    let mut key = Key::Free(at);
    for (_, claim) in claims {
        match state(reader, &claim).await? {
            State::Counts(_) if claim.is_of(append) => {
                return Ok(Key::Resumed { base: claim.base, at });
            }
            State::Counts(_) => return Ok(Key::Taken),
            State::Pending if claim.is_of(append) => {
                key = Key::Resumed { base: claim.base, at };
            }
            State::Pending if !claim.is_older_than(lease, entry.recorded_at) => {
                let reason = "another request with this idempotency key is under way";
                return Err(LogError::Unavailable(reason.to_owned()));
            }
            State::Pending | State::Void => {}
        }
    }
    Ok(key)
}

/// Claims a key whose stream is at `at`.
///
/// # Errors
/// [`Failure::WrongRevision`] where somebody else was faster.
pub(super) async fn write(
    reader: &Reader,
    claim: &Claim,
    at: Revision,
) -> Result<Revision, AppendError> {
    let name = reader.names.key(&claim.key);
    let seed = format!("{name} {} {:?} {}", at.0, claim.last_id, claim.recorded_at_us);
    let id = Uuid::new_v5(&NAMESPACE, seed.as_bytes());
    let event = envelope::data(CLAIM, id, claim, None::<&()>)?;
    match write::append(&reader.connection, &name, at, &[event]).await {
        Ok(written) => Ok(written.revision),
        Err(Failure::WrongRevision(_)) => Err(AppendError::Log(LogError::Unavailable(
            "another request with this idempotency key came at the same time".to_owned(),
        ))),
        Err(failure) => Err(AppendError::Log(failure.into())),
    }
}

/// Gives a key back whose append was refused. Where that fails, the lease frees it.
pub(super) async fn release(reader: &Reader, key: &str, at: Revision) {
    if let Err(failure) = write::delete(&reader.connection, &reader.names.key(key), at).await {
        tracing::warn!(?failure, "an idempotency key stays claimed until its lease is over");
    }
}

/// The claims on a key, the last one first.
async fn claims(reader: &Reader, key: &str) -> Result<Vec<(Revision, Claim)>, LogError> {
    let name = reader.names.key(key);
    let found = reader.raw_stream(&name, Direction::Backwards, Revision::NONE, CLAIMS_MAX).await?;
    let mut claims = Vec::with_capacity(found.len());
    for event in found {
        let (revision, claim) = claim(event)?;
        // Two keys of one hash would be a wonder; they must not answer for each other all the same.
        if claim.key != key {
            return Err(damaged("an idempotency key is in the stream of another".to_owned()));
        }
        claims.push((revision, claim));
    }
    Ok(claims)
}

/// Whether the events of a claim are in the log.
async fn state(reader: &Reader, claim: &Claim) -> Result<State, LogError> {
    let Some(last_id) = claim.last_id else {
        let position = claim.position.unwrap_or(Position::START);
        return Ok(State::Counts(Appended { revision: claim.base, position }));
    };
    let without_stream = || damaged("a key has events, and no stream".to_owned());
    let stream = claim.stream.as_ref().ok_or_else(without_stream)?;
    let name = reader.names.stream(stream)?;
    let revision = Revision(claim.base.0 + claim.count);
    let found = reader.raw_stream(&name, Direction::Forwards, revision, 1).await?;
    match found.into_iter().next().and_then(|event| event.event) {
        Some(event) if event.id == last_id.0 => {
            let position = envelope::position(&event)?;
            Ok(State::Counts(Appended { revision, position }))
        }
        Some(_) => Ok(State::Void),
        // Whatever comes at the end of the stream now is not at their place.
        None if reader.revision_of(&name).await? > claim.base => Ok(State::Void),
        None => Ok(State::Pending),
    }
}

fn damaged(reason: String) -> LogError {
    LogError::Damaged { position: None, reason }
}
