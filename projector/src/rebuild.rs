//! Rebuilding: a new generation is built from the log beside the live one, compared with it at the same
//! position, and switched to. Nothing is stopped meanwhile.
//!
//! A build that is interrupted leaves something unfinished, which does not count as a generation. The next build
//! removes it.

use event_log::EventLog;
use read_model::Checkpoint;

use crate::{
    BuildError, Comparison, PoisonPolicy, Progress, compare,
    fresh::{fold_beside, fold_to, open_alone},
    port::{Place, ReadModels, Work},
};

/// How a read model is rebuilt.
#[derive(Debug, Clone, Copy)]
pub struct RebuildOptions {
    /// What to do with poison events: the same as the live projector does.
    pub poison: PoisonPolicy,
    /// Whether to make the new generation the live one.
    pub switch: bool,
    /// The most differences that are reported. All are counted.
    pub shown_max: usize,
}

/// A generation that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Its number, and how far it has come.
    pub checkpoint: Checkpoint,
    /// Where it was compared with the live one, and the result. `None`: there is no live one, or that one is ahead
    /// of the log.
    pub compared: Option<(Checkpoint, Comparison)>,
    /// Where the live one is, if that is beyond the end of the log, so that they cannot be compared.
    pub ahead: Option<Checkpoint>,
    /// Whether it is live now.
    pub switched: bool,
}

/// Builds the next generation.
///
/// # Errors
/// [`BuildError`] where that cannot be done. The live generation stays what it is.
pub async fn rebuild(
    log: &dyn EventLog,
    read_models: &dyn ReadModels,
    options: RebuildOptions,
    progress: Progress<'_>,
) -> Result<Rebuilt, BuildError> {
    let lock = read_models.lock(Work::Building).await?;
    read_models.remove_unfinished().await?;
    let (live, number) = (read_models.live().await?, read_models.reserve().await?);
    // Neither may be removed meanwhile: one is read, the other is to become live.
    let (_live, new) = (read_models.hold(live).await?, read_models.hold(number).await?);
    let built = build(log, read_models, live, number, options, progress).await?;
    if let Err(error) = check_digest(log, read_models, number).await {
        // If the lock was lost, another build may be at work: then the next one removes this.
        if lock.still_held().await.is_ok() {
            read_models.discard(number).await?;
        }
        return Err(error);
    }
    // If the lock was lost, another build may have removed this one.
    lock.still_held().await?;
    new.still_held().await?;
    read_models.finish(number).await?;
    if options.switch {
        read_models.switch(number).await?;
    }
    Ok(built)
}

async fn build(
    log: &dyn EventLog,
    read_models: &dyn ReadModels,
    live: u64,
    number: u64,
    options: RebuildOptions,
    progress: Progress<'_>,
) -> Result<Rebuilt, BuildError> {
    let building = Place::Building(number);
    let fresh = open_alone(read_models, building).await?;
    let is_there = read_models.exists(live).await?;
    let ahead = if is_there { ahead(log, read_models, live).await? } else { None };
    let compared = if is_there && ahead.is_none() {
        let policy = options.poison;
        let mut live = fold_beside(log, &fresh, read_models, live, policy, progress).await?;
        let mut new = read_models.snapshot(building).await?;
        let compared = compare::compare(live.as_mut(), new.as_mut(), options.shown_max).await?;
        Some((live.checkpoint(), compared))
    } else {
        None
    };
    // Fold in what came meanwhile, so that the server has little left to do.
    fold_to(log, &fresh, log.head().await?, options.poison, progress).await?;
    let checkpoint = fresh.checkpoint().await?;
    fresh.close().await;
    Ok(Rebuilt { checkpoint, compared, ahead, switched: options.switch })
}

/// Where the live generation is, if that is beyond the end of the log.
async fn ahead(
    log: &dyn EventLog,
    read_models: &dyn ReadModels,
    live: u64,
) -> Result<Option<Checkpoint>, BuildError> {
    // The log's end is read second, so that an event that comes in between does not seem to be ahead of it.
    let (checkpoint, _) = read_models.peek(Place::Generation(live)).await?;
    Ok((log.head().await? < checkpoint.position).then_some(checkpoint))
}

/// Makes sure that the events that were folded in are those that were appended to the log.
async fn check_digest(
    log: &dyn EventLog,
    read_models: &dyn ReadModels,
    number: u64,
) -> Result<(), BuildError> {
    let (Checkpoint { position, .. }, read) = read_models.peek(Place::Building(number)).await?;
    let kept = log.digest(position).await?;
    if read == kept { Ok(()) } else { Err(BuildError::LogAltered { position, read, kept }) }
}
