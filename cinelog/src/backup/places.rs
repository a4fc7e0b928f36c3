//! Which files of a data folder a backup is about.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use projector::sqlite::Generations;

use super::error::{BackupError, at};
use crate::{
    config::{Config, IdentityUrl, LogUrl},
    data_dir::DataDir,
    files::{is_file_of, is_same_place, with_side_files},
};

/// What the names of files end with that are only there to be locked.
const LOCK: &str = "lock";

/// Which files of a data folder a backup is about.
#[derive(Debug)]
pub(crate) struct Places {
    /// The data folder.
    data: PathBuf,
    log: PathBuf,
    /// Accounts. `None` where they are on a server.
    identity: Option<PathBuf>,
    /// `None` where they are on a server.
    generations: Option<Generations>,
    signing_key: PathBuf,
    cursor_key: PathBuf,
    /// Whether the server makes its key for tokens, and is not given one.
    is_signing_key_made: bool,
    /// The same of the one for cursors.
    is_cursor_key_made: bool,
    /// What has been begun and is not finished: bulk jobs,
    jobs: PathBuf,
    /// and imports.
    imports: PathBuf,
    /// Held while a backup is made.
    pub(super) lock: PathBuf,
}

impl Places {
    /// Those of this configuration, where the log is a file.
    pub(crate) fn of(config: &Config, data: &DataDir) -> Result<Self, BackupError> {
        let log = log_file(config)?;
        let read_model = config.read_model.url.file();
        Ok(Self {
            data: data.file(Path::new("")),
            log: data.file(log),
            identity: match &config.identity.url {
                IdentityUrl::Sqlite(path) => Some(data.file(path)),
                IdentityUrl::Postgres(_) => None,
            },
            generations: read_model.map(|path| Generations::new(data.file(path))),
            signing_key: data.signing_key_file(),
            cursor_key: data.cursor_key_file(),
            is_signing_key_made: config.identity.signing_key_file.is_none(),
            is_cursor_key_made: config.query.cursor_key().is_none()
                && config.query.cursor_key_file.is_none(),
            jobs: data.jobs(),
            imports: data.imports(),
            lock: data.backup_lock_file(),
        })
    }

    /// Where the log belongs.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Where accounts belong. `None` where they are on a server.
    pub(crate) fn identity(&self) -> Option<&Path> {
        self.identity.as_deref()
    }

    /// Where the key belongs that signs tokens.
    pub(super) fn signing_key(&self) -> &Path {
        &self.signing_key
    }

    /// Where the key belongs that signs cursors.
    pub(super) fn cursor_key(&self) -> &Path {
        &self.cursor_key
    }

    /// Refuses a folder with a history: a log, what was made from one, or what was to go into one and
    /// would go on with the wrong one. The side files of a log that is gone count too: SQLite would fold
    /// them into the next one of that name.
    pub(super) fn refuse_occupied(&self) -> Result<(), BackupError> {
        let mut found: Vec<PathBuf> =
            with_side_files(&self.log).filter(|path| path.symlink_metadata().is_ok()).collect();
        // Accounts that are there are compared when theirs are put there; what SQLite has beside them is not
        // there after a restore that was cut short.
        let beside = self.identity.iter().flat_map(|path| with_side_files(path).skip(1));
        found.extend(beside.filter(|path| path.symlink_metadata().is_ok()));
        found.extend(self.read_models()?);
        let is_lock = |path: &PathBuf| path.extension().is_some_and(|ending| ending == LOCK);
        for folder in [&self.jobs, &self.imports] {
            if !entries(folder)?.iter().all(is_lock) {
                found.push(folder.clone());
            }
        }
        if found.is_empty() { Ok(()) } else { Err(BackupError::Occupied(found)) }
    }

    /// The files of all generations of the read model, and which is live. What locks have left, and
    /// builds that did not come to their end, are no history: they are never read.
    fn read_models(&self) -> Result<Vec<PathBuf>, BackupError> {
        let Some(generations) = &self.generations else { return Ok(Vec::new()) };
        let folder = generations.path(1).parent().map(Path::to_path_buf).unwrap_or_default();
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let whole = generations.list()?.into_iter().map(|generation| generation.path);
        let pointer = generations.pointer();
        let pointer = pointer.symlink_metadata().is_ok().then_some(pointer);
        Ok(whole.chain(pointer).collect())
    }

    /// Refuses to write a backup to what it is made from: a file that is one of the data folder's own, or
    /// lies beside them, by whatever name.
    pub(super) fn refuse_own(&self, file: &Path) -> Result<(), BackupError> {
        let folders = [&self.data, &self.jobs, &self.imports];
        let read_model = self.generations.as_ref().map(|generations| generations.path(1));
        let is_own = folders.into_iter().any(|folder| is_file_of(file, folder))
            || [Some(&self.log), self.identity.as_ref(), read_model.as_ref()]
                .into_iter()
                .flatten()
                .flat_map(|database| with_side_files(database))
                .chain(self.read_models()?)
                .any(|own| is_same_place(&own, file));
        if is_own { Err(BackupError::OfTheData(file.to_path_buf())) } else { Ok(()) }
    }

    /// Refuses a folder on which a server has worked, and in which a key is missing that the server has
    /// made: a backup without it would not be whole.
    pub(super) fn refuse_missing_keys(&self) -> Result<(), BackupError> {
        let has_read_model =
            self.generations.as_ref().is_some_and(|generations| generations.path(1).exists());
        let has_served = self.jobs.is_dir() || has_read_model;
        let made = [
            self.is_signing_key_made.then_some(&self.signing_key),
            self.is_cursor_key_made.then_some(&self.cursor_key),
        ];
        match made.into_iter().flatten().find(|key| has_served && !key.exists()) {
            Some(key) => Err(BackupError::NoKey(key.clone())),
            None => Ok(()),
        }
    }
}

/// The file of the log: a backup is of files.
///
/// # Errors
/// Where the log is on a server.
pub(crate) fn log_file(config: &Config) -> Result<&Path, BackupError> {
    match &config.log.url {
        LogUrl::Sqlite(path) => Ok(path),
        LogUrl::Postgres(url) => Err(BackupError::OnPostgres(url.clone())),
        LogUrl::KurrentDb(url) => Err(BackupError::OnKurrentDb(url.clone())),
    }
}

/// What is in a folder, if that is there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(at(folder)(error)),
        Ok(entries) => {
            entries.map(|entry| entry.map(|entry| entry.path()).map_err(at(folder))).collect()
        }
    }
}
