//! A fresh fold: the log folded into an empty read model, up to exactly where a live one is.

use std::sync::Arc;

use event_log::{EventLog, LogError};
use events::{Digest, Position};
use futures::StreamExt;
use read_model::Poison;

use crate::{
    GenerationError, PoisonPolicy, StoreError, apply,
    port::{Leadership, Place, ReadModel, ReadModels, Snapshot},
};

/// The most events in one transaction. It is large, since nobody waits for single events.
const BATCH_EVENTS_MAX: usize = 16_384;

/// Event data in one transaction, in bytes. The page that reaches this is the last one.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// When the fresh fold is this near to the live read model, a snapshot of that one is taken, and the fold goes on to
/// exactly there. A snapshot makes the write-ahead log grow, so it is not kept for longer than necessary.
const NEAR_EVENTS: u64 = 10_000;

/// How often a fresh fold tries to get near. Writers may always be faster.
const APPROACHES_MAX: usize = 8;

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The log is folded in.
    Folding {
        /// Up to where, so far.
        reached: Position,
        /// Up to where, in the end.
        target: Position,
    },
    /// The fresh fold is compared with the live read model.
    Comparing,
}

/// Is told how far the work is, now and then. It must not take long.
pub type Progress<'a> = &'a (dyn Fn(Step) + Send + Sync);

/// Why a read model was not verified or not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A read model cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A generation cannot be found, opened, switched or removed.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// An event cannot be folded in, and the policy is to halt.
    #[error("halted: {0}")]
    Poison(#[from] Poison),
    /// The live read model has more than the log.
    #[error(
        "the read model is at position {read_model}, ahead of the log, which ends at {head}: an older log was \
         put in place, or the read model is damaged; if this log is the right one, `cinelog rebuild` makes a \
         read model of it"
    )]
    LogTooShort {
        /// Where the read model is.
        read_model: Position,
        /// Where the log ends.
        head: Position,
    },
    /// The events are not those that were appended to the log.
    #[error(
        "the EVENT LOG was altered or damaged: its events up to {position} have digest {read}, and it keeps \
         {kept}; a rebuild does not help, restore a backup (`cinelog restore`)"
    )]
    LogAltered {
        /// Up to where the log was read.
        position: Position,
        /// The digest of the events as they were read now.
        read: Digest,
        /// The digest that the log keeps.
        kept: Digest,
    },
    /// The live read model went back while it was being compared.
    #[error("the read model has gone back to position {0} meanwhile: somebody has replaced it")]
    WentBack(Position),
}

/// Opens a read model for a fresh fold, as the only one that writes to it.
pub(crate) async fn open_alone(
    read_models: &dyn ReadModels,
    place: Place,
) -> Result<Arc<dyn ReadModel>, BuildError> {
    let fresh = read_models.open(place).await?;
    match fresh.lead().await? {
        Leadership::Leading => Ok(fresh),
        // This should not happen, since the caller holds the lock of its work.
        Leadership::Following => Err(StoreError::Deposed.into()),
    }
}

/// Folds the log into `fresh` up to exactly where the live generation is at some moment, and gives the live
/// generation's snapshot of that moment.
pub(crate) async fn fold_beside(
    log: &dyn EventLog,
    fresh: &Arc<dyn ReadModel>,
    read_models: &dyn ReadModels,
    live: u64,
    policy: PoisonPolicy,
    progress: Progress<'_>,
) -> Result<Box<dyn Snapshot>, BuildError> {
    let live = Place::Generation(live);
    for _ in 0..APPROACHES_MAX {
        let target = read_models.peek(live).await?.0.position;
        if fold_to(log, fresh, target, policy, progress).await? <= NEAR_EVENTS {
            break;
        }
    }
    let snapshot = read_models.snapshot(live).await?;
    fold_to(log, fresh, snapshot.checkpoint().position, policy, progress).await?;
    progress(Step::Comparing);
    Ok(snapshot)
}

/// Folds the log into `fresh` up to exactly `target`; gives how many events that were.
pub(crate) async fn fold_to(
    log: &dyn EventLog,
    fresh: &Arc<dyn ReadModel>,
    target: Position,
    policy: PoisonPolicy,
    progress: Progress<'_>,
) -> Result<u64, BuildError> {
    let mut at = fresh.checkpoint().await?;
    if at.position > target {
        return Err(BuildError::WentBack(target));
    }
    let head = log.head().await?;
    if head < target {
        return Err(BuildError::LogTooShort { read_model: target, head });
    }
    let (mut pages, mut folded) = (log.subscribe_all(at.position), 0);
    while at.position < target {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while events.len() < BATCH_EVENTS_MAX && bytes < BATCH_BYTES_MAX {
            let ended = || LogError::Unavailable("its subscription ended".to_owned());
            let page = pages.next().await.ok_or_else(ended)??;
            bytes += page.iter().map(|event| event.data.get().len()).sum::<usize>();
            events.extend(page.into_iter().take_while(|event| event.position <= target));
            if events.last().is_none_or(|last| last.position >= target) {
                break;
            }
        }
        folded += events.len() as u64;
        let applied = apply::apply_all(fresh, at, events, policy).await?;
        if let Some(poison) = applied.halted {
            return Err(poison.into());
        }
        at = applied.changed.checkpoint;
        progress(Step::Folding { reached: at.position, target });
    }
    Ok(folded)
}
