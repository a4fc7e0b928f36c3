//! A lock for what only one import may do at a time. It goes with the process, and its file with it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::files::is_same_entry;

/// How often it is tried to lock a file that others take away at the same time.
const ATTEMPTS_MAX: u32 = 100;

/// Keeps others out for as long as it lives, also when the process is killed.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock, without waiting. `None` where somebody else has it.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        for _ in 0..ATTEMPTS_MAX {
            let mut options = OpenOptions::new();
            let file = options.create(true).truncate(false).write(true).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Whoever had it before may have removed the file since it was opened: then the lock is on
            // one that nobody else will find.
            if is_still_at(&file, path)? {
                return Ok(Some(Self { path: path.to_path_buf(), _file: file }));
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Where files cannot be told apart it stays: to remove it would let two in.
        if cfg!(unix)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a lock file stays behind");
        }
    }
}

fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    if !cfg!(unix) {
        return Ok(true);
    }
    match fs::metadata(path) {
        Ok(there) => Ok(is_same_entry(&file.metadata()?, &there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_it_and_its_file_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        drop(first);
        assert_eq!(path.exists(), !cfg!(unix));
        Lock::take(&path).unwrap().unwrap();
    }

    #[test]
    fn a_file_that_a_killed_import_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        fs::write(&path, "").unwrap();
        Lock::take(&path).unwrap().unwrap();
    }
}
