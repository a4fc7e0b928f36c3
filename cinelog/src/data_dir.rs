//! The data folder: everything that Cinelog keeps in files, used by one server at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use identity::{DatedKey, KeyPair, load_keys, save_new_keys, write_new_private_file};

use crate::{
    config::{Config, parse_key},
    secrets,
};

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
    /// Films are imported, or a backup is restored.
    #[error(
        "the event log of the data folder {path} is being {what} by another Cinelog; wait until that one has ended",
        path = .path.display()
    )]
    LogInUse {
        /// The folder.
        path: PathBuf,
        /// What is done with the log.
        what: &'static str,
    },
    /// A key cannot be read.
    #[error("the key {path} cannot be used: {reason}", path = .path.display())]
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

/// Keeps others from what it was taken for, for as long as it lives, also when the process is killed.
#[derive(Debug)]
pub(crate) struct DataDirLock {
    _file: File,
}

impl DataDir {
    const LOCK: &str = "lock";
    const LOG_LOCK: &str = "log.lock";
    const BACKUP_LOCK: &str = "backup.lock";
    const SIGNING_KEY: &str = "signing-key.pem";
    const CURSOR_KEY: &str = "cursor-key";
    const JOBS: &str = "jobs";
    /// The name of [`Self::imports`].
    pub(crate) const IMPORTS: &str = "imports";

    /// Makes the folder where it is missing, for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(path).map_err(unusable(path))?;
        Ok(Self(path.to_path_buf()))
    }

    /// The folder for a command that changes nothing in it. It must be there where anything is kept in it:
    /// where the stores are on servers, it need not be.
    pub(crate) fn of(config: &Config) -> Result<Self, DataDirError> {
        let has_stores = config.log.url.file().is_some() || config.read_model.url.file().is_some();
        let path = &config.server.data;
        if has_stores { Self::existing(path) } else { Ok(Self(path.clone())) }
    }

    /// The folder, whether it is there or not.
    pub(crate) fn named(path: &Path) -> Self {
        Self(path.to_path_buf())
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

    /// The file of the key that signs tokens.
    pub(crate) fn signing_key_file(&self) -> PathBuf {
        self.0.join(Self::SIGNING_KEY)
    }

    /// The file of the key that signs cursors.
    pub(crate) fn cursor_key_file(&self) -> PathBuf {
        self.0.join(Self::CURSOR_KEY)
    }

    /// The file that is locked while a backup is made.
    pub(crate) fn backup_lock_file(&self) -> PathBuf {
        self.0.join(Self::BACKUP_LOCK)
    }

    /// The folder of bulk jobs. The server makes it.
    pub(crate) fn jobs(&self) -> PathBuf {
        self.0.join(Self::JOBS)
    }

    /// The folder of what imports keep while they run.
    pub(crate) fn imports(&self) -> PathBuf {
        self.0.join(Self::IMPORTS)
    }

    /// The same, made where it is missing.
    pub(crate) fn make_imports(&self) -> Result<PathBuf, DataDirError> {
        Self::open(&self.imports()).map(|folder| folder.0)
    }

    /// Takes the folder for this process, and shows that it can be written.
    pub(crate) fn lock(&self) -> Result<DataDirLock, DataDirError> {
        let in_use = || DataDirError::InUse(self.0.clone());
        self.take(Self::LOCK, File::try_lock, in_use)
    }

    /// Keeps the log where it is while it is written to beside a server. Many may do so at a time.
    pub(crate) fn share_log(&self) -> Result<DataDirLock, DataDirError> {
        let replaced = || DataDirError::LogInUse { path: self.0.clone(), what: "restored" };
        self.take(Self::LOG_LOCK, File::try_lock_shared, replaced)
    }

    /// Keeps everybody from the log who writes to it beside a server, and so without [`Self::lock`].
    pub(crate) fn lock_log(&self) -> Result<DataDirLock, DataDirError> {
        let written = || DataDirError::LogInUse { path: self.0.clone(), what: "written to" };
        self.take(Self::LOG_LOCK, File::try_lock, written)
    }

    /// Keeps others from changing a file of keys that this process changes. The lock is a file beside it.
    pub(crate) fn lock_beside(path: &Path) -> Result<DataDirLock, DataDirError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        let folder = Self(path.parent().unwrap_or(Path::new("")).to_owned());
        let in_use = || DataDirError::Key {
            path: path.to_owned(),
            reason: "it is being changed by another Cinelog".to_owned(),
        };
        folder.take(&name.to_string_lossy(), File::try_lock, in_use)
    }

    fn take(
        &self,
        name: &str,
        lock: fn(&File) -> Result<(), TryLockError>,
        is_held: impl FnOnce() -> DataDirError,
    ) -> Result<DataDirLock, DataDirError> {
        let path = self.0.join(name);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = options.open(&path).map_err(unusable(&path))?;
        match lock(&file) {
            Ok(()) => Ok(DataDirLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(is_held()),
            Err(TryLockError::Error(source)) => Err(DataDirError::Unusable { path, source }),
        }
    }

    /// The keys that sign tokens, one made at the first use.
    pub(crate) fn signing_keys(&self) -> Result<Vec<DatedKey>, DataDirError> {
        let path = self.signing_key_file();
        let key = |error: &dyn std::error::Error| DataDirError::Key {
            path: path.clone(),
            reason: error.to_string(),
        };
        if !path.exists() {
            let pair = KeyPair::from_seed(&random_bytes(&path)?).map_err(|e| key(&e))?;
            let keys = vec![DatedKey::from(pair)];
            match save_new_keys(&path, &keys) {
                Ok(()) => return Ok(keys),
                // Someone else was faster: theirs is the key.
                Err(_) if path.exists() => {}
                Err(error) => return Err(key(&error)),
            }
        }
        load_keys(&path).map_err(|e| key(&e))
    }

    /// The key that signs cursors, made at the first use.
    pub(crate) fn cursor_key(&self) -> Result<[u8; 32], DataDirError> {
        let path = self.cursor_key_file();
        if let Some(key) = read_cursor_key(&path)? {
            return Ok(key);
        }
        let key = random_bytes(&path)?;
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        write_new_private_file(&path, hex.as_bytes()).map_err(unusable(&path))?;
        Ok(key)
    }
}

/// Reads a key that signs cursors from its file. `None` where there is no such file.
pub(crate) fn read_cursor_key(path: &Path) -> Result<Option<[u8; 32]>, DataDirError> {
    match secrets::text(path, secrets::FILE_BYTES_MAX) {
        Ok(text) => match parse_key(text.trim()) {
            Some(key) => Ok(Some(key)),
            None => Err(DataDirError::Key {
                path: path.to_path_buf(),
                reason: "expected 64 hexadecimal digits".to_owned(),
            }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(DataDirError::Key { path: path.to_path_buf(), reason: error.to_string() })
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
    fn many_write_to_the_log_at_a_time_and_nobody_while_it_is_restored() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let writers = (data.share_log().unwrap(), data.share_log().unwrap());
        let refused = data.lock_log().unwrap_err().to_string();
        assert!(refused.contains("is being written to"), "{refused}");
        drop(writers);
        let _restore = data.lock_log().unwrap();
        let refused = data.share_log().unwrap_err().to_string();
        assert!(refused.contains("is being restored"), "{refused}");
    }

    #[test]
    fn keys_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        assert_eq!(data.cursor_key().unwrap(), data.cursor_key().unwrap());
        assert_eq!(
            data.signing_keys().unwrap()[0].pair.public().id(),
            data.signing_keys().unwrap()[0].pair.public().id()
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
