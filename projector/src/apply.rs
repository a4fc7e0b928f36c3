//! A batch of events in one transaction: load, fold, write, move the checkpoint. The same for every
//! store.

use std::sync::Arc;

use events::{Digest, RecordedEvent};
use read_model::{Changes, Checkpoint, Fact, Keys, Outcome, Poison, Projection, ReadModelChanged};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::{
    StoreError,
    port::{Batch, ReadModel},
};

/// The most events that are folded in on a thread of the runtime. Each takes some microseconds, during which that
/// thread does nothing else.
const INLINE_EVENTS_MAX: usize = 64;

/// What to do with an event that cannot be folded in. In configuration: `halt` or `park`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoisonPolicy {
    /// Stop before it.
    Halt,
    /// Set it and all later events of its stream aside, and go on with all other streams.
    Park,
}

/// The result of a batch that is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What to tell the change feed.
    pub changed: ReadModelChanged,
    /// How many events were folded in.
    pub events_applied: u64,
    /// How many events were set aside: poison events, and those after them in their streams.
    pub events_parked: u64,
    /// The poison events that were found and parked.
    pub poison: Vec<Poison>,
    /// The poison event before which the batch ended, if the policy is to halt.
    pub halted: Option<Poison>,
}

impl dyn ReadModel {
    /// How far the log has been folded in.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        Ok(self.digest().await?.0)
    }

    /// Folds `events` in, all or none, and moves the checkpoint from `from` to the last of them.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] if this projector does not lead; [`StoreError::Fenced`] if the checkpoint is not
    /// `from`. After an error nothing has changed.
    pub async fn apply(
        &self,
        from: Checkpoint,
        events: &[RecordedEvent],
        policy: PoisonPolicy,
    ) -> Result<Applied, StoreError> {
        let ascending = std::iter::once(from.position).chain(events.iter().map(|e| e.position));
        if !ascending.is_sorted_by(|earlier, later| earlier < later) {
            return Err(StoreError::OutOfOrder(from.position));
        }
        let mut batch = self.begin(from, events.len()).await?;
        let folded = fold_and_advance(batch.as_mut(), from, events, policy).await;
        let (folded, changes) = match folded {
            Ok(folded) => folded,
            Err(error) => {
                batch.abandon().await;
                return Err(error);
            }
        };
        batch.commit().await?;
        Ok(Applied {
            changed: changes.announcement(from, folded.reached),
            events_applied: folded.events_applied,
            events_parked: changes.parked.len() as u64,
            poison: changes.poison,
            halted: folded.halted,
        })
    }
}

/// Folds `events` in as `apply` does; if they are many, on a thread of their own.
pub(crate) async fn apply_all(
    model: &Arc<dyn ReadModel>,
    from: Checkpoint,
    events: Vec<RecordedEvent>,
    policy: PoisonPolicy,
) -> Result<Applied, StoreError> {
    if events.len() <= INLINE_EVENTS_MAX {
        return model.apply(from, &events, policy).await;
    }
    let (model, runtime) = (Arc::clone(model), Handle::current());
    let work = move || runtime.block_on(model.apply(from, &events, policy));
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Damaged(format!("folding a batch in: {error}")))?
}

async fn fold_and_advance(
    batch: &mut dyn Batch,
    from: Checkpoint,
    events: &[RecordedEvent],
    policy: PoisonPolicy,
) -> Result<(Folded, Changes), StoreError> {
    let (folded, changes) = fold(batch, from, events, policy).await?;
    batch.advance(folded.reached, folded.digest).await?;
    Ok((folded, changes))
}

/// The result of folding.
pub(crate) struct Folded {
    pub(crate) reached: Checkpoint,
    pub(crate) digest: Digest,
    pub(crate) events_applied: u64,
    pub(crate) halted: Option<Poison>,
}

/// Loads what the events need, folds them in and writes what has changed.
pub(crate) async fn fold(
    batch: &mut dyn Batch,
    from: Checkpoint,
    events: &[RecordedEvent],
    policy: PoisonPolicy,
) -> Result<(Folded, Changes), StoreError> {
    let facts: Vec<Fact<'_>> = events.iter().map(Fact::read).collect();
    let loaded = batch.documents(&Keys::of(&facts)).await?;
    let mut projection = Projection::of(loaded);
    let digest = batch.digest();
    let mut folded = Folded { reached: from, digest, events_applied: 0, halted: None };
    folded.apply(&mut projection, &facts, policy);
    let facets = batch.facets(&projection.facet_keys()).await?;
    let changes = projection.into_changes(facets);
    batch.write(&changes).await?;
    Ok((folded, changes))
}

impl Folded {
    fn apply(&mut self, projection: &mut Projection, facts: &[Fact<'_>], policy: PoisonPolicy) {
        for fact in facts {
            match (projection.apply(fact), policy) {
                (Ok(Outcome::Applied), _) => self.events_applied += 1,
                (Ok(Outcome::Parked), _) => {}
                (Err(poison), PoisonPolicy::Park) => projection.park(poison),
                (Err(poison), PoisonPolicy::Halt) => {
                    self.halted = Some(poison);
                    return;
                }
            }
            self.reached.position = fact.recorded().position;
            self.digest = self.digest.extend(fact.recorded());
        }
    }
}
