//! What the files of a read model are called. Nothing here looks whether they are there.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::port::Work;

/// What the file's name ends with while a generation is being built.
const BUILDING: &str = ".building";

/// Held while a generation is built.
const BUILD_LOCK: &str = "rebuild.lock";

/// Held while the live generation is opened.
const OPEN_LOCK: &str = "open.lock";

/// Held while the log is folded afresh to be compared.
const VERIFY_LOCK: &str = "verify.lock";

/// Where that is done.
const SCRATCH: &str = "verify.scratch";

/// Held for moments, by whoever changes the pointer or which files there are.
const CHANGE_LOCK: &str = "generations.lock";

/// The names of all files of a read model, by that of its first generation.
#[derive(Debug, Clone)]
pub(super) struct Names {
    base: PathBuf,
}

impl Names {
    pub(super) fn of(base: PathBuf) -> Self {
        Self { base }
    }

    /// That of the first generation.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// The file of a generation, whether it is there or not.
    pub(super) fn path(&self, number: u64) -> PathBuf {
        if number <= 1 {
            return self.base.clone();
        }
        let mut name = self.stem();
        name.push(format!(".{number}"));
        if let Some(extension) = self.base.extension() {
            name.push(".");
            name.push(extension);
        }
        self.base.with_file_name(name)
    }

    /// The file that a generation is built in.
    pub(super) fn building(&self, number: u64) -> PathBuf {
        with_suffix(&self.path(number), BUILDING)
    }

    /// The generation that is built in a file. `None`: it is none of ours.
    pub(super) fn built_in(&self, path: &Path) -> Option<u64> {
        let whole = PathBuf::from(path.to_str()?.strip_suffix(BUILDING)?);
        self.number_of(&whole)
    }

    /// The file that says which generation is live, whether it is there or not.
    pub(super) fn pointer(&self) -> PathBuf {
        let mut name = self.stem();
        name.push(".live");
        self.base.with_file_name(name)
    }

    /// What is written before it becomes the pointer.
    pub(super) fn new_pointer(&self) -> PathBuf {
        with_suffix(&self.pointer(), ".new")
    }

    /// Held by whoever works with a generation.
    pub(super) fn use_lock(&self, number: u64) -> PathBuf {
        self.beside(&format!("generation-{number}.lock"))
    }

    /// Held for moments, by whoever changes the pointer or which files there are.
    pub(super) fn change_lock(&self) -> PathBuf {
        self.beside(CHANGE_LOCK)
    }

    /// Held by whoever is at some work.
    pub(super) fn work_lock(&self, work: Work) -> PathBuf {
        self.beside(match work {
            Work::Opening => OPEN_LOCK,
            Work::Building => BUILD_LOCK,
            Work::Verifying => VERIFY_LOCK,
        })
    }

    /// The folder in which the log is folded afresh to be compared.
    pub(super) fn scratch(&self) -> PathBuf {
        self.beside(SCRATCH)
    }

    /// The generation that a file is. `None`: it is none of ours.
    pub(super) fn number_of(&self, path: &Path) -> Option<u64> {
        if path == self.base {
            return Some(1);
        }
        let name = path.file_name()?.to_str()?;
        let rest = name.strip_prefix(self.stem().to_str()?)?.strip_prefix('.')?;
        let number = match self.base.extension() {
            Some(extension) => rest.strip_suffix(extension.to_str()?)?.strip_suffix('.')?,
            None => rest,
        };
        let number = number.parse().ok().filter(|number| *number > 1)?;
        // Other spellings of the number are no names of ours.
        (self.path(number) == path).then_some(number)
    }

    /// The folder that all of them are in.
    pub(super) fn folder(&self) -> PathBuf {
        match self.base.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn stem(&self) -> OsString {
        self.base.file_stem().map(OsStr::to_owned).unwrap_or_default()
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
