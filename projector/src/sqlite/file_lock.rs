//! A lock that goes with the process: work that must not be done twice at the same time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::GenerationError;

/// Keeps others out for as long as it lives, also when the process is killed.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    /// Another process has it.
    #[error("another process is at it already (it holds {})", .0.display())]
    Held(PathBuf),
    /// The file cannot be made or locked.
    #[error("{} cannot be locked: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl From<LockError> for GenerationError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held(path) => Self::Busy(path.display().to_string()),
            LockError::Unusable { path, source } => Self::File { path, source },
        }
    }
}

impl FileLock {
    /// Takes the lock for one alone, without waiting. The file stays when the lock is gone.
    ///
    /// # Errors
    /// [`LockError`] where another has it, or where it cannot be taken.
    pub(super) fn take(path: &Path) -> Result<Self, LockError> {
        Self::lock(path, File::try_lock)
    }

    /// Takes the lock together with all who share it, without waiting.
    ///
    /// # Errors
    /// [`LockError`] where another has it alone, or where it cannot be taken.
    pub(super) fn share(path: &Path) -> Result<Self, LockError> {
        Self::lock(path, File::try_lock_shared)
    }

    /// Takes the lock for one alone, when whoever has it is done. For locks that are held for moments.
    ///
    /// # Errors
    /// [`LockError::Unusable`] where it cannot be taken.
    pub(super) fn wait(path: &Path) -> Result<Self, LockError> {
        Self::lock(path, |file| file.lock().map_err(TryLockError::Error))
    }

    fn lock(
        path: &Path,
        how: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, LockError> {
        let unusable = |source| LockError::Unusable { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(path).map_err(unusable)?;
        match how(&file) {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_it_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = FileLock::take(&path).unwrap();
        assert!(matches!(FileLock::take(&path), Err(LockError::Held(_))));
        drop(first);
        FileLock::take(&path).unwrap();
    }

    #[test]
    fn many_share_it_and_then_none_has_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let shared = [FileLock::share(&path).unwrap(), FileLock::share(&path).unwrap()];
        assert!(matches!(FileLock::take(&path), Err(LockError::Held(_))));
        drop(shared);
        let _alone = FileLock::take(&path).unwrap();
        assert!(matches!(FileLock::share(&path), Err(LockError::Held(_))));
    }
}
