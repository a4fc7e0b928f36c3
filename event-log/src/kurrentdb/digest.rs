//! The digest of the log: folded from the nearest mark, at any position.
//!
//! A mark is what the log's digest was at one of its events: every [`MARK_EVENTS`]th has one, in a stream
//! of the log's own. The n-th mark is the n-th event of that stream, so whoever folds past a mark that is
//! missing writes it, and two who do so at once write the same. Only events that are there are folded:
//! a mark can be late, never ahead.

use std::sync::{Arc, Mutex, PoisonError};

use events::{Digest, Position, RecordedEvent, Revision};
use eventstore::ResolvedEvent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{envelope, failure::Failure, read::Reader, write};
use crate::{Direction, LogError};

/// How many events are between two marks, which is the most that is folded for one position where all
/// marks are there.
const MARK_EVENTS: u64 = 4096;

/// Events folded at once.
const PAGE_EVENTS: usize = 1024;

const MARK: &str = "CinelogDigestMark";

/// What the ids of marks are made from.
const NAMESPACE: Uuid = Uuid::from_u128(0x6369_6e65_6c6f_672d_6d61_726b_2d69_6421);

/// Folds. Clones share what they know.
#[derive(Clone)]
pub(super) struct Digests {
    reader: Reader,
    /// The furthest that this process has folded.
    furthest: Arc<Mutex<Folded>>,
}

/// A digest, and the last event in it.
#[derive(Debug, Clone, Copy, Default)]
struct Folded {
    position: Position,
    digest: Digest,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    position: Position,
    digest: String,
}

impl Digests {
    pub(super) fn new(reader: Reader) -> Self {
        Self { reader, furthest: Arc::default() }
    }

    /// The digest of all events up to and with a position.
    pub(super) async fn at(&self, at: Position) -> Result<Digest, LogError> {
        let mut folded = self.nearest(at).await?;
        while folded.position < at {
            let page = self.reader.all(folded.position, Direction::Forwards, PAGE_EVENTS).await?;
            let is_last = page.len() < PAGE_EVENTS;
            let mut marks = Vec::new();
            for event in page.iter().take_while(|event| event.position <= at) {
                folded = folded.with(event);
                if folded.digest.count.is_multiple_of(MARK_EVENTS) {
                    marks.push(folded);
                }
            }
            for mark in marks {
                self.write(mark).await?;
            }
            if is_last || page.last().is_some_and(|event| event.position > at) {
                break;
            }
        }
        let mut furthest = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        if folded.position > furthest.position {
            *furthest = folded;
        }
        Ok(folded.digest)
    }

    /// Where to fold from.
    async fn nearest(&self, at: Position) -> Result<Folded, LogError> {
        let furthest = *self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        if furthest.position <= at && furthest.position > Position::START {
            return Ok(furthest);
        }
        let Some(last) = self.reader.last_of(self.reader.names.marks()).await? else {
            return Ok(Folded::default());
        };
        let (mut after, mut mark) = marked(last)?;
        if mark.position <= at {
            return Ok(mark);
        }
        // The n-th mark is at revision n: halve what is in between.
        let (mut below, mut nearest) = (Revision::NONE, Folded::default());
        while after.0 - below.0 > 1 {
            let middle = Revision(below.0 + (after.0 - below.0) / 2);
            (_, mark) = self.mark(middle).await?;
            if mark.position <= at {
                (below, nearest) = (middle, mark);
            } else {
                after = middle;
            }
        }
        Ok(nearest)
    }

    async fn mark(&self, revision: Revision) -> Result<(Revision, Folded), LogError> {
        let name = self.reader.names.marks();
        let found = self.reader.raw_stream(name, Direction::Forwards, revision, 1).await?;
        marked(found.into_iter().next().ok_or_else(|| missing(revision))?)
    }

    /// Writes a mark, unless it is there already.
    async fn write(&self, folded: Folded) -> Result<(), LogError> {
        let number = folded.digest.count / MARK_EVENTS;
        let name = self.reader.names.marks();
        let id = Uuid::new_v5(&NAMESPACE, format!("{name} {number}").as_bytes());
        let mark = Mark { position: folded.position, digest: folded.digest.to_string() };
        let event = envelope::data(MARK, id, &mark, None::<&()>)?;
        let at = Revision(number - 1);
        match write::append(&self.reader.connection, name, at, &[event]).await {
            // Somebody else has folded past it, or an earlier one is still to be written by who folds
            // from the beginning.
            Ok(_) | Err(Failure::WrongRevision(_)) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }
}

impl Folded {
    fn with(self, event: &RecordedEvent) -> Self {
        Self { position: event.position, digest: self.digest.extend(event) }
    }
}

/// A mark as it was read, and which one it is.
fn marked(resolved: ResolvedEvent) -> Result<(Revision, Folded), LogError> {
    let damaged = |reason: String| LogError::Damaged { position: None, reason };
    let event = resolved.event.ok_or_else(|| damaged("a mark has no content".to_owned()))?;
    let revision = super::revision(event.revision);
    let mark: Mark = serde_json::from_slice(&event.data)
        .map_err(|error| damaged(format!("mark {} cannot be read: {error}", revision.0)))?;
    let digest: Digest = mark
        .digest
        .parse()
        .map_err(|error| damaged(format!("mark {} cannot be read: {error}", revision.0)))?;
    if digest.count != revision.0 * MARK_EVENTS {
        return Err(damaged(format!("mark {} is at event {}", revision.0, digest.count)));
    }
    Ok((revision, Folded { position: mark.position, digest }))
}

fn missing(revision: Revision) -> LogError {
    LogError::Damaged { position: None, reason: format!("mark {} is missing", revision.0) }
}
