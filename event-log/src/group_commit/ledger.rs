//! The ledger: what the log holds as far as one batch is concerned, and the decision on each append.
//!
//! A store fills it with what its transaction reads, then has the appends decided in the order in
//! which they came. What is accepted is entered, so that later appends of the batch see it.

use std::collections::{HashMap, HashSet};

use events::{EventId, Position, Revision, StreamName};

use crate::{Append, AppendError, Appended, Expected};

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) stream: StreamName,
    pub(crate) revision: Revision,
    pub(crate) position: Position,
}

/// What the log holds as far as one batch is concerned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// The position of the last event of the log.
    pub(crate) head: Position,
    /// The revisions of the streams concerned, those that appends depend upon among them; those without events may be missing.
    pub(crate) revisions: HashMap<StreamName, Revision>,
    /// Where those of the batch's event ids stand that the log has already.
    pub(crate) places: HashMap<EventId, Place>,
    /// Those of the batch's idempotency keys that are taken.
    pub(crate) keys: HashSet<String>,
}

/// What is to be done with an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be written.
    Accepted(Accepted),
    /// It was written before: this is where.
    Repeated(Appended),
}

/// Where the events of an accepted append go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The revision of its first event; the others follow.
    pub(crate) first_revision: Revision,
    /// The position of its first event; the others follow.
    pub(crate) first_position: Position,
    /// What to answer.
    pub(crate) appended: Appended,
}

impl Ledger {
    /// Decides one append and, where it is accepted, enters it.
    pub(crate) fn decide(&mut self, append: &Append) -> Result<Verdict, AppendError> {
        if let Some(appended) = self.repetition(append) {
            return Ok(Verdict::Repeated(appended));
        }
        if append.idempotency.as_ref().is_some_and(|entry| self.keys.contains(&entry.key)) {
            return Err(AppendError::KeyTaken);
        }
        if let Some(id) = self.used_id(append) {
            return Err(AppendError::DuplicateEvent(id));
        }
        if let Some((stream, given)) = &append.given {
            let actual = self.revision(stream);
            if actual != *given {
                return Err(AppendError::GivenChanged { actual });
            }
        }
        let actual = self.revision(&append.stream);
        let as_expected = match append.expected {
            Expected::NoStream => actual == Revision::NONE,
            Expected::Exact(revision) => actual == revision,
            Expected::Any => true,
        };
        if !as_expected {
            return Err(AppendError::Conflict { actual });
        }
        Ok(Verdict::Accepted(self.enter(append, actual)))
    }

    fn revision(&self, stream: &StreamName) -> Revision {
        self.revisions.get(stream).copied().unwrap_or(Revision::NONE)
    }

    /// Where the append stands already: its events are neighbours in its stream, and start where it
    /// expects to.
    fn repetition(&self, append: &Append) -> Option<Appended> {
        let mut events = append.events.iter();
        let first = self.places.get(&events.next()?.id)?;
        let as_expected = match append.expected {
            Expected::NoStream => first.revision == Revision::NONE.next(),
            Expected::Exact(revision) => first.revision == revision.next(),
            Expected::Any => true,
        };
        if !as_expected || first.stream != append.stream {
            return None;
        }
        let mut last = first;
        for event in events {
            let place = self.places.get(&event.id)?;
            let follows = place.revision == last.revision.next()
                && place.position == last.position.next()
                && place.stream == last.stream;
            if !follows {
                return None;
            }
            last = place;
        }
        Some(Appended { revision: last.revision, position: last.position })
    }

    /// The first id that the log has, or that the append has twice.
    fn used_id(&self, append: &Append) -> Option<EventId> {
        let mut own = HashSet::with_capacity(append.events.len());
        append
            .events
            .iter()
            .map(|event| event.id)
            .find(|id| self.places.contains_key(id) || !own.insert(*id))
    }

    fn enter(&mut self, append: &Append, actual: Revision) -> Accepted {
        let (first_revision, first_position) = (actual.next(), self.head.next());
        let mut revision = actual;
        for event in &append.events {
            revision = revision.next();
            self.head = self.head.next();
            let place = Place { stream: append.stream.clone(), revision, position: self.head };
            self.places.insert(event.id, place);
        }
        self.revisions.insert(append.stream.clone(), revision);
        if let Some(entry) = &append.idempotency {
            self.keys.insert(entry.key.clone());
        }
        let appended = Appended { revision, position: self.head };
        Accepted { first_revision, first_position, appended }
    }
}
