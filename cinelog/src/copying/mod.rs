//! Copying a log into another store: its events as they are, and what it remembers under idempotency
//! keys. Stands on the port and knows no store.
//!
//! The digest says where to go on: a target holds a beginning of the source, or is refused. So a copy
//! that was interrupted, at whatever moment, goes on when it is asked for again, and a copy that is
//! asked for again later takes over what has come since.

mod places;

#[cfg(test)]
mod tests;

use event_log::{
    CopyableLog, Direction, EventBatches, LogError, MAX_APPEND_BYTES, RESTORE_EVENTS_MAX,
    RestoreError,
};
use events::{Digest, Position, RecordedEvent};
use futures::StreamExt;

use places::Places;

/// How often what was written to the source meanwhile is taken over too, before the copy ends although
/// there is more.
const CATCH_UPS_MAX: usize = 100;

/// How many keys are read at a time.
const KEYS_PAGE: usize = 1_000;

/// What a copy is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Events are taken over: so many of so many are there.
    Events(u64, u64),
    /// So many keys were looked at.
    Keys(u64),
    /// So many of so many events were read back.
    ReadBack(u64, u64),
}

/// A copy that was made, and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    /// What both hold: the target all in all, the source up to `at`.
    pub(crate) digest: Digest,
    /// How many events the target had before.
    pub(crate) held: u64,
    /// How many keys were new to the target.
    pub(crate) keys: u64,
    /// Where the copy ends in the source.
    pub(crate) at: Position,
    /// Whether the source had more by then.
    pub(crate) has_more: bool,
    /// Whether events have other positions in the target than in the source.
    pub(crate) is_renumbered: bool,
}

/// Why a log was not copied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// The target holds something else. Nothing was changed.
    #[error(
        "the target holds {held}, which is no beginning of the source: the source has {there} up to there; \
         nothing was changed"
    )]
    NoBeginning {
        /// What the target holds.
        held: Digest,
        /// What the source has, up to where it has as many events, or all it has.
        there: Digest,
    },
    /// Somebody else writes to the target.
    #[error(
        "somebody else has written to the target, which holds {0} now; nobody may until the copy is made"
    )]
    TargetWritten(Digest),
    /// What one of the logs has is not what it was given.
    #[error("{0} was altered or is damaged: it keeps the digest {1}, and its events have {2}")]
    Altered(&'static str, Digest, Digest),
    /// The source could not be read.
    #[error("the source: {0}")]
    Source(LogError),
    /// The target could not be read or written.
    #[error("the target: {0}")]
    Target(LogError),
}

/// Copies what `from` has and `to` does not, then compares the two.
///
/// # Errors
/// Those of [`CopyError`]. What was copied until then stays, and a copy that is asked for again goes on.
pub(crate) async fn copy(
    from: &dyn CopyableLog,
    to: &dyn CopyableLog,
    told: &(dyn Fn(Step) + Sync),
) -> Result<Copied, CopyError> {
    let held = to.digest(Position(u64::MAX)).await.map_err(CopyError::Target)?;
    let begins_after = place_of(from, held).await?;
    let mut way = Way { from, to, told, digest: held, at: begins_after };
    let has_more = way.events().await?;
    let source = from.digest(way.at).await.map_err(CopyError::Source)?;
    if source != way.digest {
        return Err(CopyError::Altered("the source", source, way.digest));
    }
    let places = Places::of(from, to, way.digest.count).await?;
    let keys = way.keys(&places).await?;
    way.read_back(held, &places).await?;
    let is_renumbered = places.are_renumbered();
    let Way { digest, at, .. } = way;
    Ok(Copied { digest, held: held.count, keys, at, has_more, is_renumbered })
}

/// Where the source has the events that the target holds.
async fn place_of(from: &dyn CopyableLog, held: Digest) -> Result<Position, CopyError> {
    let at = places::position_of(from, held.count).await.map_err(CopyError::Source)?;
    let there = from.digest(at).await.map_err(CopyError::Source)?;
    if there == held { Ok(at) } else { Err(CopyError::NoBeginning { held, there }) }
}

/// A copy that is under way.
struct Way<'a> {
    from: &'a dyn CopyableLog,
    to: &'a dyn CopyableLog,
    told: &'a (dyn Fn(Step) + Sync),
    /// What the target holds.
    digest: Digest,
    /// Where the source has that.
    at: Position,
}

impl Way<'_> {
    /// Takes events over until there are no more, or for long enough; gives whether there are more.
    async fn events(&mut self) -> Result<bool, CopyError> {
        for _ in 0..CATCH_UPS_MAX {
            let head = self.from.head().await.map_err(CopyError::Source)?;
            if head <= self.at {
                return Ok(false);
            }
            // One that has come to the end would wait to be told of what is there already, and a
            // process that writes beside this one does not tell it.
            self.events_to(&mut self.from.subscribe_all(self.at), head).await?;
        }
        Ok(self.from.head().await.map_err(CopyError::Source)? > self.at)
    }

    /// Takes events over up to `head`, or a little further. Reading and writing overlap.
    async fn events_to(
        &mut self,
        batches: &mut EventBatches,
        head: Position,
    ) -> Result<(), CopyError> {
        let expected = self.from.digest(head).await.map_err(CopyError::Source)?.count;
        let mut next = gather(batches, head).await?;
        while let Some(last) = next.last() {
            self.at = last.position;
            let writing = self.to.restore(self.digest, next);
            let (written, read) = if self.at < head {
                futures::join!(writing, gather(batches, head))
            } else {
                (writing.await, Ok(Vec::new()))
            };
            self.digest = written.map_err(|error| match error {
                RestoreError::NotTheBeginning { actual } => CopyError::TargetWritten(actual),
                RestoreError::Log(error) => CopyError::Target(error),
            })?;
            (self.told)(Step::Events(self.digest.count, expected));
            next = read?;
        }
        Ok(())
    }

    /// Takes over what the source remembers of the events that were copied; gives how many were new.
    async fn keys(&self, places: &Places<'_>) -> Result<u64, CopyError> {
        let (mut new, mut seen, mut after) = (0, 0, None::<String>);
        loop {
            let page = self.from.remembered_keys(after.as_deref(), KEYS_PAGE).await;
            let page = page.map_err(CopyError::Source)?;
            let Some(last) = page.last() else { return Ok(new) };
            after = Some(last.key.clone());
            seen += page.len() as u64;
            let mut keys = Vec::with_capacity(page.len());
            for mut key in page {
                // What was remembered since is of events that the target does not have.
                if key.remembered.appended.position <= self.at {
                    let position = &mut key.remembered.appended.position;
                    *position = places.in_target(*position).await?;
                    keys.push(key);
                }
            }
            new += self.to.restore_keys(keys).await.map_err(CopyError::Target)?;
            (self.told)(Step::Keys(seen));
        }
    }

    /// Reads what was copied, as the target gives it, and what the target keeps as its digest.
    async fn read_back(&self, held: Digest, places: &Places<'_>) -> Result<(), CopyError> {
        let mut digest = held;
        let mut position = places.target_position(held.count).await?;
        while digest.count < self.digest.count {
            let limit = usize::try_from(self.digest.count - digest.count).unwrap_or(usize::MAX);
            let limit = limit.min(KEYS_PAGE);
            let page = self.to.read_all(position, Direction::Forwards, limit).await;
            let page = page.map_err(CopyError::Target)?;
            let Some(last) = page.last() else { break };
            position = last.position;
            digest = page.iter().fold(digest, Digest::extend);
            (self.told)(Step::ReadBack(digest.count, self.digest.count));
        }
        let kept = self.to.digest(position).await.map_err(CopyError::Target)?;
        if digest == self.digest && kept == digest {
            return Ok(());
        }
        Err(CopyError::Altered("the target", kept, digest))
    }
}

/// The next events, as many as are written at once: until there are enough, or the one at `head`.
async fn gather(
    batches: &mut EventBatches,
    head: Position,
) -> Result<Vec<RecordedEvent>, CopyError> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(CopyError::Source)?;
        bytes += batch.iter().map(|event| event.data.get().len()).sum::<usize>();
        let room = batch.len();
        events.extend(batch);
        let reached = events.last().is_some_and(|last: &RecordedEvent| last.position >= head);
        if reached || bytes >= MAX_APPEND_BYTES || events.len() + room > RESTORE_EVENTS_MAX {
            break;
        }
    }
    Ok(events)
}
