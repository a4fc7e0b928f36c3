//! A lock on a file, for work that only one process may do at a time. It ends with the process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::GenerationError;

/// Keeps others out for as long as it lives. The system releases it when the process is killed.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    /// Another process has it.
    #[error("another process is doing the same already (it holds {})", .0.display())]
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
    /// Takes the lock exclusively, without waiting. The file stays when the lock is gone.
    ///
    /// # Errors
    /// [`LockError`] if another process has it, or it cannot be taken.
    pub(super) fn take(path: &Path) -> Result<Self, LockError> {
        Self::lock(path, File::try_lock)
    }

    /// Takes the lock shared, without waiting.
    ///
    /// # Errors
    /// [`LockError`] if another process has it exclusively, or it cannot be taken.
    pub(super) fn share(path: &Path) -> Result<Self, LockError> {
        Self::lock(path, File::try_lock_shared)
    }

    /// Takes the lock exclusively, and waits for it. Only for locks that are held for moments.
    ///
    /// # Errors
    /// [`LockError::Unusable`] if it cannot be taken.
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
