//! A batch of events in one transaction: load, fold, write, move the checkpoint.

use events::{Digest, RecordedEvent};
use read_model::{Changes, Checkpoint, Fact, Keys, Outcome, Poison, Projection};
use sqlx::{Connection, SqliteConnection};

use super::{Applied, PoisonPolicy, checkpoint, failure::store_error, load, write};
use crate::StoreError;

/// Folds a batch in, in one transaction.
pub(super) async fn write_batch(
    writer: &mut SqliteConnection,
    from: Checkpoint,
    events: &[RecordedEvent],
    policy: PoisonPolicy,
) -> Result<Applied, StoreError> {
    // Immediate: what is loaded must be what is written over.
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let digest = checkpoint::expect(&mut transaction, from).await?;
    let (batch, changes) = fold(&mut transaction, from, digest, events, policy).await?;
    checkpoint::advance(&mut transaction, from, batch.reached, batch.digest).await?;
    transaction.commit().await.map_err(store_error)?;
    Ok(Applied {
        changed: changes.announcement(from, batch.reached),
        events_applied: batch.events_applied,
        events_parked: changes.parked.len() as u64,
        poison: changes.poison,
        halted: batch.halted,
    })
}

/// What folding came to.
pub(super) struct Folded {
    pub(super) reached: Checkpoint,
    pub(super) digest: Digest,
    pub(super) events_applied: u64,
    pub(super) halted: Option<Poison>,
}

/// Loads what the events need, folds them in and writes what has changed.
pub(super) async fn fold(
    db: &mut SqliteConnection,
    from: Checkpoint,
    digest: Digest,
    events: &[RecordedEvent],
    policy: PoisonPolicy,
) -> Result<(Folded, Changes), StoreError> {
    let facts: Vec<Fact<'_>> = events.iter().map(Fact::read).collect();
    let loaded = load::documents(db, &Keys::of(&facts)).await?;
    let mut projection = Projection::of(loaded);
    let mut folded = Folded { reached: from, digest, events_applied: 0, halted: None };
    folded.apply(&mut projection, &facts, policy);
    let facets = load::facets(db, &projection.facet_keys()).await?;
    let changes = projection.into_changes(facets);
    write::changes(db, &changes).await?;
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
