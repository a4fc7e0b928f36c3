//! The digest of the log: folded from the nearest mark, at any position.
//!
//! A mark is what the log's digest was at one of its events: every [`MARK_EVENTS`]th has one, in a stream
//! of the log's own. The n-th mark is the n-th event of that stream, so whoever folds past a mark that is
//! missing writes it, and two who do so at once write the same. Only events that are there are folded:
//! a mark can be late, never ahead.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

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

/// Spans between marks that are kept: some 200 KiB each.
const SPANS_MAX: usize = 64;

const MARK: &str = "CinelogDigestMark";

/// What the ids of marks are made from.
const NAMESPACE: Uuid = Uuid::from_u128(0x6369_6e65_6c6f_672d_6d61_726b_2d69_6421);

/// Folds. Clones share what they know.
#[derive(Clone)]
pub(super) struct Digests {
    reader: Reader,
    /// The furthest that this process has folded.
    furthest: Arc<Mutex<Folded>>,
    spans: Arc<Mutex<Spans>>,
}

/// What was folded between marks, for who asks about many positions: a copy of a log does.
#[derive(Debug, Default)]
struct Spans {
    /// By where they begin. Each is a mark and what follows it, in order.
    by_start: BTreeMap<Position, Vec<Folded>>,
    /// Where they begin, the one that was used last at the end.
    used: VecDeque<Position>,
}

impl Spans {
    fn find(&mut self, at: Position) -> Option<Digest> {
        let (start, span) = self.by_start.range(..=at).next_back()?;
        let (start, last) = (*start, span.last()?);
        let found = (at <= last.position).then(|| digest_in(span, at))?;
        self.used.retain(|used| *used != start);
        self.used.push_back(start);
        Some(found)
    }

    fn keep(&mut self, span: Vec<Folded>) {
        let Some(start) = span.first().map(|first| first.position) else { return };
        self.by_start.insert(start, span);
        self.used.retain(|used| *used != start);
        self.used.push_back(start);
        if self.used.len() > SPANS_MAX
            && let Some(oldest) = self.used.pop_front()
        {
            self.by_start.remove(&oldest);
        }
    }
}

/// The digest at a position that a span reaches.
fn digest_in(span: &[Folded], at: Position) -> Digest {
    let after = span.partition_point(|folded| folded.position <= at);
    after.checked_sub(1).map_or(Digest::EMPTY, |index| span[index].digest)
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
        Self { reader, furthest: Arc::default(), spans: Arc::default() }
    }

    /// The digest of all events up to and with a position.
    pub(super) async fn at(&self, at: Position) -> Result<Digest, LogError> {
        let furthest = self.furthest();
        if at >= furthest.position && furthest.position > Position::START {
            return Ok(self.fold(furthest, at).await?.digest);
        }
        if at < furthest.position {
            return self.before(at).await;
        }
        let nearest = self.nearest(at).await?;
        Ok(self.fold(nearest, at).await?.digest)
    }

    /// Folds on, up to and with a position.
    async fn fold(&self, from: Folded, at: Position) -> Result<Folded, LogError> {
        let mut folded = from;
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
        Ok(folded)
    }

    /// The digest at a position that this process has folded past. Who asks for one asks for more.
    async fn before(&self, at: Position) -> Result<Digest, LogError> {
        if let Some(known) = self.spans().find(at) {
            return Ok(known);
        }
        let start = self.nearest(at).await?;
        let mut folded = vec![start];
        let (mut last, room) = (start, usize::try_from(MARK_EVENTS).unwrap_or(usize::MAX));
        while folded.len() <= room {
            let wanted = PAGE_EVENTS.min(room + 1 - folded.len());
            let page = self.reader.all(last.position, Direction::Forwards, wanted).await?;
            for event in &page {
                last = last.with(event);
                folded.push(last);
            }
            if page.len() < wanted {
                break;
            }
        }
        let found = digest_in(&folded, at);
        let is_within = last.position >= at;
        self.spans().keep(folded);
        match is_within {
            true => Ok(found),
            // A mark was missing.
            false => Ok(self.fold(last, at).await?.digest),
        }
    }

    fn furthest(&self) -> Folded {
        *self.furthest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spans(&self) -> MutexGuard<'_, Spans> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last mark up to a position, where to fold from.
    async fn nearest(&self, at: Position) -> Result<Folded, LogError> {
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
