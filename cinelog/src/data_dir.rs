//! The data folder: everything that Cinelog keeps, used by one process at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use identity::{KeyPair, write_new_private_file};

use crate::config::parse_key;

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// It cannot be made, read or written.
    #[error("the data folder {path} cannot be used: {source}", path = .path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it.
    #[error(
        "the data folder {path} is in use by another Cinelog; stop that one, or choose another folder with --data DIR",
        path = .0.display()
    )]
    InUse(PathBuf),
    /// The signing key cannot be read.
    #[error("the signing key {path} cannot be used: {reason}", path = .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A data folder that exists.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// Keeps other processes out of the folder for as long as it lives, also when the process is killed.
#[derive(Debug)]
pub(crate) struct DataDirLock {
    _file: File,
}

impl DataDir {
    /// Makes the folder where it is missing, for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(path).map_err(unusable(path))?;
        Ok(Self(path.to_path_buf()))
    }

    /// The folder, which must be there.
    pub(crate) fn existing(path: &Path) -> Result<Self, DataDirError> {
        fs::metadata(path).map_err(unusable(path))?;
        Ok(Self(path.to_path_buf()))
    }

    /// A file in the folder; an absolute path stays as it is.
    pub(crate) fn file(&self, path: &Path) -> PathBuf {
        self.0.join(path)
    }

    /// A folder in the folder, made where it is missing.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf, DataDirError> {
        Self::open(&self.0.join(name)).map(|folder| folder.0)
    }

    /// Takes the folder for this process, and shows that it can be written.
    pub(crate) fn lock(&self) -> Result<DataDirLock, DataDirError> {
        let path = self.0.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(unusable(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(DataDirLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(self.0.clone())),
            Err(TryLockError::Error(source)) => Err(DataDirError::Unusable { path, source }),
        }
    }

    /// The key that signs tokens, made at the first use.
    pub(crate) fn signing_key(&self) -> Result<KeyPair, DataDirError> {
        let path = self.0.join("signing-key.pem");
        let key = |error: &dyn std::error::Error| DataDirError::Key {
            path: path.clone(),
            reason: error.to_string(),
        };
        if !path.exists() {
            let pair = KeyPair::from_seed(&random_bytes(&path)?).map_err(|e| key(&e))?;
            match pair.save(&path) {
                Ok(()) => return Ok(pair),
                // Someone else was faster: theirs is the key.
                Err(_) if path.exists() => {}
                Err(error) => return Err(key(&error)),
            }
        }
        KeyPair::load(&path).map_err(|e| key(&e))
    }

    /// The key that signs cursors, made at the first use.
    pub(crate) fn cursor_key(&self) -> Result<[u8; 32], DataDirError> {
        let path = self.0.join("cursor-key");
        match fs::read_to_string(&path) {
            Ok(text) => parse_key(text.trim()).ok_or_else(|| DataDirError::Key {
                path,
                reason: "expected 64 hexadecimal digits".to_owned(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = random_bytes(&path)?;
                let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
                write_new_private_file(&path, hex.as_bytes()).map_err(unusable(&path))?;
                Ok(key)
            }
            Err(source) => Err(DataDirError::Unusable { path, source }),
        }
    }
}

fn random_bytes(path: &Path) -> Result<[u8; 32], DataDirError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| DataDirError::Key {
        path: path.to_path_buf(),
        reason: format!("the system gives no random bytes: {error}"),
    })?;
    Ok(bytes)
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_path_buf();
    move |source| DataDirError::Unusable { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_kept_out_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(&folder.path().join("new")).unwrap();
        let first = data.lock().unwrap();
        let refused = data.lock().unwrap_err().to_string();
        assert!(refused.contains("in use"), "{refused}");
        drop(first);
        data.lock().unwrap();
    }

    #[test]
    fn keys_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        assert_eq!(data.cursor_key().unwrap(), data.cursor_key().unwrap());
        assert_eq!(
            data.signing_key().unwrap().public().id(),
            data.signing_key().unwrap().public().id()
        );
    }

    #[test]
    fn a_damaged_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        fs::write(folder.path().join("cursor-key"), "rubbish").unwrap();
        assert!(data.cursor_key().unwrap_err().to_string().contains("cursor-key"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_a_clear_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DataDir::open(&file.path().join("data")).unwrap_err().to_string();
        assert!(error.contains("cannot be used"), "{error}");
    }
}
