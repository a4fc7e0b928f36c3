//! Appending: what an append asks is looked at in the order of the contract, and then its events are
//! written at one exact revision.
//!
//! The server checks one stream, atomically with what is written to it. What else an append depends on
//! is looked at before, under this process's locks: so between appends of one process nothing comes in
//! between. What may come in between from another process, docs/kurrentdb.md says.

use std::{collections::HashSet, time::Duration};

use events::{EventId, Revision};
use eventstore::EventData;

use super::{
    envelope,
    failure::Failure,
    keys::{self, Claim, Key},
    read::Reader,
    write::{self, Written},
};
use crate::{
    Append, AppendError, Appended, Direction, Expected, IdempotencyEntry, LogError,
    measure::Outcome,
};

/// How many of a stream's last events are looked at for the ids of an append that expects nothing.
const LOOK_BACK_EVENTS: usize = 256;

/// How often an append that expects nothing goes after others who were faster.
const RACES_MAX: u32 = 32;

/// What became of an append.
pub(super) type Answer = Result<(Appended, Outcome), AppendError>;

/// Appends, one at a time to each stream: whoever calls holds its locks.
#[derive(Clone)]
pub(super) struct Appender {
    pub(super) reader: Reader,
    pub(super) claim_lease: Duration,
}

/// What a stream holds of an append's events.
enum Present {
    All(Appended),
    /// This one, but not all.
    Some(EventId),
    Nothing,
}

/// An append on its way.
struct Going<'a> {
    append: &'a Append,
    /// The stream as the server calls it.
    name: String,
    events: Vec<EventData>,
}

impl Appender {
    /// Appends.
    pub(super) async fn append(&self, append: &Append) -> Answer {
        if let Some(id) = twice(append) {
            return Err(AppendError::DuplicateEvent(id));
        }
        let going = Going {
            append,
            name: self.reader.names.stream(&append.stream)?,
            events: append.events.iter().map(envelope::proposed).collect::<Result<_, _>>()?,
        };
        let mut key = None;
        if let Some(entry) = &append.idempotency {
            match keys::look(&self.reader, append, entry, self.claim_lease).await? {
                Key::Taken => return self.unless_repeated(&going, AppendError::KeyTaken).await,
                free => key = Some((entry, free)),
            }
        }
        match append.expected {
            Expected::NoStream => self.at(&going, Revision::NONE, key).await,
            Expected::Exact(revision) => self.at(&going, revision, key).await,
            Expected::Any => self.anywhere(&going, key).await,
        }
    }

    /// Appends wherever the stream ends: there exactly, and again where somebody was faster.
    async fn anywhere(
        &self,
        going: &Going<'_>,
        mut key: Option<(&IdempotencyEntry, Key)>,
    ) -> Answer {
        if let Some((_, Key::Resumed { base, .. })) = key {
            // Only there can its first attempt still happen.
            match self.at(going, base, key.take()).await {
                Err(AppendError::Conflict { .. }) => {
                    let reason = "the stream moved while a request was repeated";
                    return Err(LogError::Unavailable(reason.to_owned()).into());
                }
                known => return known,
            }
        }
        for _ in 0..RACES_MAX {
            let (base, present) = self.look_back(going).await?;
            match present {
                Present::All(appended) => return Ok((appended, Outcome::Repeated)),
                Present::Some(id) => return Err(AppendError::DuplicateEvent(id)),
                Present::Nothing => {}
            }
            let free = match &key {
                Some((entry, _)) => {
                    let key = keys::look(&self.reader, going.append, entry, self.claim_lease);
                    Some((*entry, key.await?))
                }
                None => None,
            };
            match self.at(going, base, free).await {
                Err(AppendError::Conflict { .. }) => {}
                known => return known,
            }
        }
        let reason = format!("{} was written by others {RACES_MAX} times", going.append.stream);
        Err(LogError::Unavailable(reason).into())
    }

    /// Appends to a stream that is at `base`, or not at all.
    async fn at(
        &self,
        going: &Going<'_>,
        base: Revision,
        key: Option<(&IdempotencyEntry, Key)>,
    ) -> Answer {
        if let Some((given, revision)) = &going.append.given {
            let actual = self.revision_of(given).await?;
            if actual != *revision {
                let changed = AppendError::GivenChanged { actual };
                return self.unless_repeated(going, changed).await;
            }
        }
        if going.events.is_empty() {
            return self.without_events(going, base, key).await;
        }
        let claimed = match key {
            Some((entry, Key::Free(at))) => {
                let claim = Claim::of(going.append, entry, base);
                Some((entry, keys::write(&self.reader, &claim, at).await?))
            }
            Some((entry, Key::Resumed { at, .. })) => Some((entry, at)),
            Some((_, Key::Taken)) => return Err(AppendError::KeyTaken),
            None => None,
        };
        match write::append(&self.reader.connection, &going.name, base, &going.events).await {
            Ok(written) => Ok((self.appended(going, base, written).await?, Outcome::Appended)),
            Err(Failure::WrongRevision(actual)) => match self.present(going, base).await? {
                Present::All(appended) => Ok((appended, Outcome::Repeated)),
                Present::Some(id) => Err(AppendError::DuplicateEvent(id)),
                Present::Nothing => {
                    // Where others stand in their place, the claim is void without being given back.
                    if let Some((entry, at)) = claimed
                        && actual < base
                    {
                        keys::release(&self.reader, &entry.key, at).await;
                    }
                    Err(AppendError::Conflict { actual })
                }
            },
            Err(failure) => {
                let is_over = !matches!(failure, Failure::Transient { .. });
                if let (Some((entry, at)), true) = (claimed, is_over) {
                    keys::release(&self.reader, &entry.key, at).await;
                }
                Err(LogError::from(failure).into())
            }
        }
    }

    /// Looks at what is expected, and remembers what is to be remembered.
    async fn without_events(
        &self,
        going: &Going<'_>,
        base: Revision,
        key: Option<(&IdempotencyEntry, Key)>,
    ) -> Answer {
        let actual = self.reader.revision_of(&going.name).await.map_err(LogError::from)?;
        if actual != base {
            return Err(AppendError::Conflict { actual });
        }
        let appended = Appended { revision: actual, position: self.reader.head().await? };
        if let Some((entry, Key::Free(at))) = key {
            let claim = Claim::without_events(going.append, entry, appended);
            keys::write(&self.reader, &claim, at).await?;
        }
        Ok((appended, Outcome::Appended))
    }

    /// Refuses an append, unless it is a repetition, which gets its first result whatever has changed.
    async fn unless_repeated(&self, going: &Going<'_>, refusal: AppendError) -> Answer {
        let present = match going.append.expected {
            Expected::NoStream => self.present(going, Revision::NONE).await?,
            Expected::Exact(base) => self.present(going, base).await?,
            Expected::Any => self.look_back(going).await?.1,
        };
        match present {
            Present::All(appended) => Ok((appended, Outcome::Repeated)),
            Present::Some(_) | Present::Nothing => Err(refusal),
        }
    }

    /// What stands at the place that an append wanted.
    async fn present(&self, going: &Going<'_>, base: Revision) -> Result<Present, LogError> {
        let count = going.events.len();
        if count == 0 {
            return Ok(Present::Nothing);
        }
        let found =
            self.reader.raw_stream(&going.name, Direction::Forwards, base.next(), count).await?;
        present(going.append, found.into_iter().filter_map(|event| event.event))
    }

    /// Where a stream ends, and what of an append is near its end.
    async fn look_back(&self, going: &Going<'_>) -> Result<(Revision, Present), LogError> {
        let count = going.events.len().max(LOOK_BACK_EVENTS);
        let name = &going.name;
        let mut found =
            self.reader.raw_stream(name, Direction::Backwards, Revision::NONE, count).await?;
        found.reverse();
        let found: Vec<_> = found.into_iter().filter_map(|event| event.event).collect();
        let base = found.last().map_or(Revision::NONE, |event| super::revision(event.revision));
        let first = going.append.events.first().map(|event| event.id.0);
        let from = found.iter().position(|event| Some(event.id) == first).unwrap_or(0);
        let present = present(going.append, found.into_iter().skip(from))?;
        Ok((base, present))
    }

    async fn revision_of(&self, stream: &events::StreamName) -> Result<Revision, LogError> {
        let name = self.reader.names.stream(stream)?;
        Ok(self.reader.revision_of(&name).await?)
    }

    /// Where what was written stands. The server may keep the position of a repetition to itself.
    async fn appended(
        &self,
        going: &Going<'_>,
        base: Revision,
        written: Written,
    ) -> Result<Appended, LogError> {
        if let Some(position) = written.position {
            return Ok(Appended { revision: written.revision, position });
        }
        match self.present(going, base).await? {
            Present::All(appended) => Ok(appended),
            Present::Some(_) | Present::Nothing => {
                Err(LogError::Unavailable("what was acknowledged cannot be read yet".to_owned()))
            }
        }
    }
}

/// What of an append is among events that follow one another.
fn present(
    append: &Append,
    found: impl Iterator<Item = eventstore::RecordedEvent>,
) -> Result<Present, LogError> {
    let mut events = append.events.iter();
    let (mut ids, mut last, mut is_same) = (HashSet::new(), None, true);
    for event in found {
        if let Some(expected) = events.next() {
            is_same &= event.id == expected.id.0;
            if is_same {
                let revision = super::revision(event.revision);
                last = Some(Appended { revision, position: envelope::position(&event)? });
            }
        }
        ids.insert(event.id);
    }
    let is_all = is_same && events.next().is_none();
    Ok(match (is_all, last) {
        (true, Some(appended)) => Present::All(appended),
        _ => match append.events.iter().find(|event| ids.contains(&event.id.0)) {
            Some(event) => Present::Some(event.id),
            None => Present::Nothing,
        },
    })
}

/// The first id that an append has twice.
fn twice(append: &Append) -> Option<EventId> {
    let mut ids = HashSet::with_capacity(append.events.len());
    append.events.iter().map(|event| event.id).find(|id| !ids.insert(*id))
}
