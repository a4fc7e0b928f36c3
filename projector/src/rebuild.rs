//! Rebuilding: a new generation is built from the log beside the live one, compared with it at the same
//! position, and switched to. Nothing is stopped for it.
//!
//! A build that does not come to its end leaves a file that is no generation; the next one removes it.

use std::path::Path;

use event_log::EventLog;
use read_model::Checkpoint;

use crate::{
    BuildError, Comparison, Generations, PoisonPolicy, Progress, compare,
    fresh::{fold_beside, fold_to},
    sqlite::{Snapshot, SqliteReadModel, SqliteReadModelOptions, peek},
};

/// How a read model is rebuilt.
#[derive(Debug, Clone, Copy)]
pub struct RebuildOptions {
    /// What to do with poison events: the same as the live projector does.
    pub poison: PoisonPolicy,
    /// Whether to make the new generation the live one.
    pub switch: bool,
    /// The most differences that are kept. All are counted.
    pub shown_max: usize,
}

/// A generation that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// What it is and how far it has come.
    pub checkpoint: Checkpoint,
    /// Where it was compared with the live one, and how that went. `None` where there is no live one,
    /// or it is ahead of the log.
    pub compared: Option<(Checkpoint, Comparison)>,
    /// Where the old one is, if that is beyond the end of the log, so that nothing can be compared.
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
    generations: &Generations,
    options: RebuildOptions,
    progress: Progress<'_>,
) -> Result<Rebuilt, BuildError> {
    let _lock = generations.lock()?;
    generations.remove_unfinished()?;
    let (live, number) = (generations.live()?, generations.reserve()?);
    // Neither is removed while it is needed here: the one is read, the other is to be switched to.
    let _in_use = (generations.hold(live)?, generations.hold(number)?);
    let live = generations.path(live);
    let building = generations.building(number);
    let options_of_file = SqliteReadModelOptions {
        generation: Some(number),
        ..SqliteReadModelOptions::building(&building)
    };
    let fresh = SqliteReadModel::open_with(options_of_file).await?;
    let ahead = if live.is_file() { ahead(log, &live).await? } else { None };
    let compared = if live.is_file() && ahead.is_none() {
        let mut live = fold_beside(log, &fresh, &live, options.poison, progress).await?;
        let mut new = Snapshot::open(&building).await?;
        let comparison =
            compare::compare(&mut live.connection, &mut new.connection, options.shown_max).await?;
        Some((live.checkpoint, comparison))
    } else {
        None
    };
    // What came meanwhile, so that a server has little left to do.
    fold_to(log, &fresh, log.head().await?, options.poison, progress).await?;
    let checkpoint = fresh.checkpoint().await?;
    fresh.close().await;
    if let Err(error) = check_digest(log, &building).await {
        generations.remove_unfinished()?;
        return Err(error);
    }
    generations.finish(number)?;
    if options.switch {
        generations.switch(number)?;
    }
    Ok(Rebuilt { checkpoint, compared, ahead, switched: options.switch })
}

/// Where the read model at `live` is, if that is beyond the end of the log.
async fn ahead(log: &dyn EventLog, live: &Path) -> Result<Option<Checkpoint>, BuildError> {
    // The log's end is looked for after: it is never behind what was folded in before.
    let (checkpoint, _) = peek(live).await?;
    Ok((log.head().await? < checkpoint.position).then_some(checkpoint))
}

/// Makes sure that the events that were folded in are those that the log was given.
async fn check_digest(log: &dyn EventLog, built: &Path) -> Result<(), BuildError> {
    let (Checkpoint { position, .. }, read) = peek(built).await?;
    let kept = log.digest(position).await?;
    if read == kept { Ok(()) } else { Err(BuildError::LogAltered { position, read, kept }) }
}
