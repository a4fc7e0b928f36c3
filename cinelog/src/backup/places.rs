//! Which files of a data folder a backup is about.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    error::{BackupError, at},
    manifest::MemberName,
};
use crate::{
    config::{Config, StoreUrl},
    data_dir::DataDir,
};

/// What SQLite puts beside a database file.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Which files of a data folder a backup is about.
#[derive(Debug)]
pub(crate) struct Places {
    log: PathBuf,
    read_model: PathBuf,
    signing_key: PathBuf,
    cursor_key: PathBuf,
    /// Folders of what has been begun and is not finished: bulk jobs, and imports.
    unfinished: [PathBuf; 2],
    /// Held while a backup is made.
    pub(super) lock: PathBuf,
}

impl Places {
    /// Those of this configuration.
    pub(crate) fn of(config: &Config, data: &DataDir) -> Self {
        let StoreUrl::Sqlite(log) = &config.log.url;
        let StoreUrl::Sqlite(read_model) = &config.read_model.url;
        Self {
            log: data.file(log),
            read_model: data.file(read_model),
            signing_key: data.file(Path::new("signing-key.pem")),
            cursor_key: data.file(Path::new("cursor-key")),
            unfinished: ["jobs", "imports"].map(|folder| data.file(Path::new(folder))),
            lock: data.file(Path::new("backup.lock")),
        }
    }

    /// Where a file of a backup belongs.
    pub(super) fn of_member(&self, name: MemberName) -> &Path {
        match name {
            MemberName::SigningKey => &self.signing_key,
            MemberName::CursorKey => &self.cursor_key,
            MemberName::Log => &self.log,
        }
    }

    /// What tells of a history in the folder: a log, what was made from one, or what was to go into one
    /// and would go on with the wrong one. The side files of a log that is gone count too: SQLite would
    /// fold them into the next one of that name.
    pub(super) fn occupied(&self) -> Result<Vec<PathBuf>, BackupError> {
        let mut found: Vec<PathBuf> = std::iter::once(self.log.clone())
            .chain(SIDE_FILES.iter().map(|ending| with_ending(&self.log, ending)))
            .filter(|path| path.symlink_metadata().is_ok())
            .collect();
        found.extend(self.read_models()?);
        for folder in &self.unfinished {
            if !entries(folder)?.is_empty() {
                found.push(folder.clone());
            }
        }
        Ok(found)
    }

    /// The files of all generations of the read model, and which is live.
    fn read_models(&self) -> Result<Vec<PathBuf>, BackupError> {
        let folder = self.read_model.parent().unwrap_or(Path::new("."));
        let stem = self.read_model.file_stem().unwrap_or_default().as_encoded_bytes();
        let is_one = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            name.strip_prefix(stem).is_some_and(|rest| rest.starts_with(b"."))
        };
        let mut found: Vec<PathBuf> = entries(folder)?.into_iter().filter(is_one).collect();
        found.sort();
        Ok(found)
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

/// `path` with something at the end of its name.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
