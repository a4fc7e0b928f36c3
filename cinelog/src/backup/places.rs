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
    jobs: PathBuf,
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
            jobs: data.file(Path::new("jobs")),
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

    /// What tells of a history in the folder: a log, or what was made from one. The side files of a
    /// log that is gone count too: SQLite would fold them into the next one of that name.
    pub(super) fn occupied(&self) -> Result<Vec<PathBuf>, BackupError> {
        let mut found: Vec<PathBuf> = std::iter::once(self.log.clone())
            .chain(SIDE_FILES.iter().map(|ending| with_ending(&self.log, ending)))
            .chain([self.jobs.clone()])
            .filter(|path| path.symlink_metadata().is_ok())
            .collect();
        found.extend(self.read_models()?);
        Ok(found)
    }

    /// The files of all generations of the read model, and which is live.
    fn read_models(&self) -> Result<Vec<PathBuf>, BackupError> {
        let folder = self.read_model.parent().unwrap_or(Path::new("."));
        let stem = self.read_model.file_stem().unwrap_or_default().as_encoded_bytes();
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(at(folder))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(at(folder))?;
            let rest = entry.file_name();
            let rest = rest.as_encoded_bytes().strip_prefix(stem);
            if rest.is_some_and(|rest| rest.starts_with(b".")) {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    }
}

/// `path` with something at the end of its name.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
