//! Verifying: the log is folded afresh beside the live read model, and the two are compared at the same position.
//! Nothing is stopped meanwhile, and the live one is not changed.

use event_log::EventLog;
use events::{Digest, Position};

use crate::{
    BuildError, Comparison, PoisonPolicy, Progress, compare,
    fresh::{fold_beside, open_alone},
    port::{Place, ReadModels, Work},
};

/// The result of verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The generation that was verified.
    pub generation: u64,
    /// The position at which it was compared.
    pub position: Position,
    /// Count and hash of the events that were read and folded in now.
    pub folded: Digest,
    /// Count and hash that the log keeps.
    pub log: Digest,
    /// Count and hash that the read model keeps.
    pub read_model: Digest,
    /// The comparison of all rows.
    pub comparison: Comparison,
}

impl Verification {
    /// Whether digests and rows agree.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.digests_agree() && self.comparison.differences() == 0
    }

    /// Whether the events are those that were appended to the log. If not, the log itself was altered or
    /// damaged, and no read model that is made of it is right.
    #[must_use]
    pub fn log_is_sound(&self) -> bool {
        self.folded == self.log
    }

    /// Whether the log, the read model and the fresh fold have the same events.
    #[must_use]
    pub fn digests_agree(&self) -> bool {
        self.folded == self.log && self.folded == self.read_model
    }
}

/// Folds the log afresh up to exactly where the live generation is, and compares all rows. The fresh fold is removed
/// afterwards; what an interrupted run left is removed first. Reports at most `shown_max` differences, and
/// counts all.
///
/// Poison events are parked whatever the policy is, since the live read model has got past them too.
///
/// # Errors
/// [`BuildError`] if it cannot be done. That says nothing about the read model.
pub async fn verify(
    log: &dyn EventLog,
    read_models: &dyn ReadModels,
    shown_max: usize,
    progress: Progress<'_>,
) -> Result<Verification, BuildError> {
    let lock = read_models.lock(Work::Verifying).await?;
    read_models.remove_scratch().await?;
    let live = read_models.live().await?;
    let in_use = read_models.hold(live).await?;
    let verified = compare_afresh(log, read_models, live, shown_max, progress).await;
    // If a lock was lost, another process may have removed what was compared.
    lock.still_held().await?;
    in_use.still_held().await?;
    read_models.remove_scratch().await?;
    verified
}

async fn compare_afresh(
    log: &dyn EventLog,
    read_models: &dyn ReadModels,
    live: u64,
    shown_max: usize,
    progress: Progress<'_>,
) -> Result<Verification, BuildError> {
    let fresh = open_alone(read_models, Place::Scratch).await?;
    let live = fold_beside(log, &fresh, read_models, live, PoisonPolicy::Park, progress).await;
    // Also if folding failed: it cannot be removed while it is open.
    fresh.close().await;
    let mut live = live?;
    let mut fresh = read_models.snapshot(Place::Scratch).await?;
    let comparison = compare::compare(live.as_mut(), fresh.as_mut(), shown_max).await?;
    let position = live.checkpoint().position;
    Ok(Verification {
        generation: live.checkpoint().generation,
        position,
        folded: fresh.digest(),
        log: log.digest(position).await?,
        read_model: live.digest(),
        comparison,
    })
}
