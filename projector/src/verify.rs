//! Verifying: the log is folded afresh beside the live read model, and the two are compared at one
//! position. Nothing is stopped for it, and nothing of the live one is changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use event_log::EventLog;
use events::{Digest, Position};

use crate::{
    BuildError, Comparison, FileLock, GenerationError, PoisonPolicy, Progress, compare,
    fresh::fold_beside,
    sqlite::{Snapshot, SqliteReadModel, SqliteReadModelOptions},
};

/// What verifying came to.
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
    /// The rows.
    pub comparison: Comparison,
}

impl Verification {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.digests_agree() && self.comparison.differences() == 0
    }

    /// Whether the events are those that the log was given: where not, the log itself was altered or
    /// damaged, and no read model that is made of it is right.
    #[must_use]
    pub fn log_is_sound(&self) -> bool {
        self.folded == self.log
    }

    /// Whether log, read model and what was read now are the same events.
    #[must_use]
    pub fn digests_agree(&self) -> bool {
        self.folded == self.log && self.folded == self.read_model
    }
}

/// Folds the log afresh up to exactly where the read model at `live` is, and compares all rows. The
/// folder `scratch` is made for it and removed after; what an interrupted run left there is removed
/// first. Keeps at most `shown_max` differences, and counts all.
///
/// Poison events are parked whatever the policy is: the live read model has got past them as well.
///
/// # Errors
/// [`BuildError`] where it could not be done, which says nothing about the read model.
pub async fn verify(
    log: &dyn EventLog,
    live: &Path,
    scratch: &Path,
    shown_max: usize,
    progress: Progress<'_>,
) -> Result<Verification, BuildError> {
    let scratch = Scratch::make(scratch)?;
    let path = scratch.folder.join("read-model.db");
    let options = SqliteReadModelOptions::building(&path);
    let fresh = SqliteReadModel::open_with(options).await?;
    let mut live = fold_beside(log, &fresh, live, PoisonPolicy::Park, progress).await?;
    fresh.close().await;
    let mut fresh = Snapshot::open(&path).await?;
    let comparison =
        compare::compare(&mut live.connection, &mut fresh.connection, shown_max).await?;
    let position = live.checkpoint.position;
    Ok(Verification {
        generation: live.checkpoint.generation,
        position,
        folded: fresh.digest,
        log: log.digest(position).await?,
        read_model: live.digest,
        comparison,
    })
}

/// A folder for one run, which nobody else uses. Goes with it.
struct Scratch {
    folder: PathBuf,
    _lock: FileLock,
}

impl Scratch {
    fn make(folder: &Path) -> Result<Self, BuildError> {
        let lock = FileLock::take(&folder.with_extension("lock")).map_err(GenerationError::from)?;
        let scratch = Self { folder: folder.to_owned(), _lock: lock };
        let made = scratch.remove().and_then(|()| fs::create_dir(folder));
        made.map_err(|source| BuildError::Scratch { path: folder.to_owned(), source })?;
        Ok(scratch)
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            // The next run removes it.
            tracing::warn!(folder = %self.folder.display(), %error, "scratch folder not removed");
        }
    }
}
