//! Generations: the read model may be there several times over, built at different times, and a small
//! file says which one is live.
//!
//! Generation 1 is the configured file (`read-model.db`), generation N the file `read-model.N.db`
//! beside it. What is being built is called `….building` until it is whole. A number is given out once:
//! caches tell generations apart by nothing else. Nothing here opens a database.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{
    file_lock::{FileLock, LockError},
    pointer::Pointer,
};
use crate::{GenerationError, port::Work};

/// What the file's name ends with while a generation is being built.
const BUILDING: &str = ".building";

/// What SQLite may have beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

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

/// Where the generations of a read model are.
#[derive(Debug, Clone)]
pub struct Generations {
    base: PathBuf,
}

/// The file of a generation that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationFile {
    /// Its number.
    pub number: u64,
    /// Its file.
    pub path: PathBuf,
    /// The size of the file, without what stands beside it.
    pub bytes: u64,
}

impl Generations {
    /// The generations of the read model whose first one is at `base`.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }

    /// The file of a generation, whether it is there or not.
    #[must_use]
    pub fn path(&self, number: u64) -> PathBuf {
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
    #[must_use]
    pub fn building(&self, number: u64) -> PathBuf {
        with_suffix(&self.path(number), BUILDING)
    }

    /// Which generation is live: the one that the server answers from.
    ///
    /// # Errors
    /// [`GenerationError`] where the file that says so cannot be read.
    pub fn live(&self) -> Result<u64, GenerationError> {
        Ok(self.read()?.unwrap_or(Pointer::ABSENT).live)
    }

    /// Whether any generation was ever made here, as far as can be told.
    ///
    /// # Errors
    /// [`GenerationError`] where the file that says which one is live cannot be read.
    pub fn is_new(&self) -> Result<bool, GenerationError> {
        Ok(self.read()?.is_none() && !self.base.is_file())
    }

    /// Makes a generation the live one. When this returns, that is on the disk; a server that runs
    /// follows by itself. A pointer that cannot be read is put right.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] where there is no such generation; where it cannot be written.
    pub fn switch(&self, number: u64) -> Result<(), GenerationError> {
        if !self.path(number).is_file() {
            return Err(GenerationError::Missing(number));
        }
        let _change = FileLock::wait(&self.beside(CHANGE_LOCK))?;
        let highest = match self.read() {
            Ok(pointer) => pointer.unwrap_or(Pointer::ABSENT).highest,
            // The best that is known: the newest file that is there.
            Err(GenerationError::Pointer(_)) => self.newest()?,
            Err(error) => return Err(error),
        };
        self.write(Pointer { live: number, highest: highest.max(number) })
    }

    /// All generations that are whole, by number.
    ///
    /// # Errors
    /// [`GenerationError::File`] where the folder cannot be read.
    pub fn list(&self) -> Result<Vec<GenerationFile>, GenerationError> {
        let mut found = Vec::new();
        for path in self.files()? {
            let Some(number) = self.number_of(&path) else { continue };
            let metadata = fs::metadata(&path)
                .map_err(|source| GenerationError::File { path: path.clone(), source })?;
            found.push(GenerationFile { number, path, bytes: metadata.len() });
        }
        found.sort_by_key(|generation| generation.number);
        Ok(found)
    }

    /// A number for a new generation, which nobody had before and nobody gets again, whatever becomes
    /// of the generation.
    ///
    /// # Errors
    /// Those of [`list`](Self::list) and [`live`](Self::live); where it cannot be written down.
    pub fn reserve(&self) -> Result<u64, GenerationError> {
        let newest = self.newest()?;
        // A file that another has given a name meanwhile has a number that was reserved.
        let next =
            |pointer: Pointer| Pointer { highest: pointer.highest.max(newest) + 1, ..pointer };
        Ok(self.change(next)?.highest)
    }

    fn newest(&self) -> Result<u64, GenerationError> {
        Ok(self.list()?.last().map_or(1, |generation| generation.number))
    }

    /// Keeps a generation from being removed for as long as the lock is there. Any number of users may
    /// have one.
    ///
    /// # Errors
    /// [`GenerationError`] where it cannot be taken.
    pub(super) fn hold(&self, number: u64) -> Result<FileLock, GenerationError> {
        // Within this nobody removes the file that the lock hangs on.
        let _change = FileLock::wait(&self.beside(CHANGE_LOCK))?;
        Ok(FileLock::share(&self.use_lock(number))?)
    }

    /// Removes a generation that is not live and that nobody works with.
    ///
    /// # Errors
    /// [`GenerationError`] where it is live, in use, not there, or cannot be removed.
    pub fn remove(&self, number: u64) -> Result<(), GenerationError> {
        let _change = FileLock::wait(&self.beside(CHANGE_LOCK))?;
        let pointer = self.read()?.unwrap_or(Pointer::ABSENT);
        if pointer.live == number {
            return Err(GenerationError::Live(number));
        }
        let path = self.path(number);
        if !path.is_file() {
            return Err(GenerationError::Missing(number));
        }
        let lock = self.use_lock(number);
        let _nobody_else = FileLock::take(&lock).map_err(|error| match error {
            LockError::Held(_) => GenerationError::InUse(number),
            unusable => unusable.into(),
        })?;
        // An older Cinelog may have made it without writing its number down.
        self.write(Pointer { highest: pointer.highest.max(number), ..pointer })?;
        remove_database(&path)?;
        remove_file(lock)?;
        self.sync_folder()
    }

    /// Removes what builds have left that did not come to their end. To be called by whoever has the
    /// lock.
    ///
    /// # Errors
    /// [`GenerationError::File`] where that fails.
    pub fn remove_unfinished(&self) -> Result<(), GenerationError> {
        for path in self.files()? {
            let unfinished = without_suffix(&path, BUILDING);
            if unfinished.is_some_and(|whole| self.number_of(&whole).is_some()) {
                remove_database(&path)?;
            }
        }
        Ok(())
    }

    /// Removes what the build of one generation has left, where there is anything.
    ///
    /// # Errors
    /// [`GenerationError::File`] where that fails.
    pub fn discard(&self, number: u64) -> Result<(), GenerationError> {
        let path = self.building(number);
        if path.exists() { remove_database(&path) } else { Ok(()) }
    }

    /// Gives a generation that has been built its name. Its file must be closed, with nothing beside
    /// it.
    ///
    /// # Errors
    /// [`GenerationError::File`] where that fails.
    pub fn finish(&self, number: u64) -> Result<(), GenerationError> {
        let (building, path) = (self.building(number), self.path(number));
        File::open(&building)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&building, &path))
            .map_err(|source| GenerationError::File { path, source })?;
        self.sync_folder()
    }

    /// Keeps others from the same work.
    ///
    /// # Errors
    /// [`GenerationError::Busy`] where somebody is at it already.
    pub(super) fn lock(&self, work: Work) -> Result<FileLock, GenerationError> {
        let name = match work {
            Work::Opening => OPEN_LOCK,
            Work::Building => BUILD_LOCK,
            Work::Verifying => VERIFY_LOCK,
        };
        Ok(FileLock::take(&self.beside(name))?)
    }

    /// The folder in which the log is folded afresh to be compared.
    pub(super) fn scratch(&self) -> PathBuf {
        self.beside(SCRATCH)
    }

    /// Reads the file that says which generation is live. `None` where there is none.
    fn read(&self) -> Result<Option<Pointer>, GenerationError> {
        let path = self.pointer();
        match fs::read(&path) {
            Ok(text) => Pointer::parse(&text)
                .map(Some)
                .ok_or_else(|| GenerationError::Pointer(path.display().to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(GenerationError::File { path, source }),
        }
    }

    /// Changes the pointer, one after another. When this returns, that is on the disk.
    fn change(&self, how: impl FnOnce(Pointer) -> Pointer) -> Result<Pointer, GenerationError> {
        let _change = FileLock::wait(&self.beside(CHANGE_LOCK))?;
        let new = how(self.read()?.unwrap_or(Pointer::ABSENT));
        let new = Pointer { highest: new.highest.max(new.live), ..new };
        self.write(new)?;
        Ok(new)
    }

    fn write(&self, new_pointer: Pointer) -> Result<(), GenerationError> {
        let pointer = self.pointer();
        let new = with_suffix(&pointer, ".new");
        let write = || {
            let mut file = File::create(&new)?;
            write!(file, "{new_pointer}")?;
            file.sync_all()?;
            fs::rename(&new, &pointer)
        };
        write().map_err(|source| GenerationError::File { path: pointer.clone(), source })?;
        self.sync_folder()
    }

    /// The file that says which generation is live, whether it is there or not.
    #[must_use]
    pub fn pointer(&self) -> PathBuf {
        let mut name = self.stem();
        name.push(".live");
        self.base.with_file_name(name)
    }

    fn use_lock(&self, number: u64) -> PathBuf {
        self.beside(&format!("generation-{number}.lock"))
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn stem(&self) -> OsString {
        self.base.file_stem().map(OsStr::to_owned).unwrap_or_default()
    }

    fn number_of(&self, path: &Path) -> Option<u64> {
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

    fn files(&self) -> Result<Vec<PathBuf>, GenerationError> {
        let folder = self.folder();
        let list = || -> io::Result<Vec<PathBuf>> {
            fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect()
        };
        list().map_err(|source| GenerationError::File { path: folder.clone(), source })
    }

    fn folder(&self) -> PathBuf {
        match self.base.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    fn sync_folder(&self) -> Result<(), GenerationError> {
        let path = self.folder();
        File::open(&path)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| GenerationError::File { path, source })
    }
}

/// Removes a database and what SQLite has beside it.
pub(crate) fn remove_database(path: &Path) -> Result<(), GenerationError> {
    // The file itself last: while it is there, all of it is found again.
    BESIDE.into_iter().chain([""]).try_for_each(|suffix| remove_file(with_suffix(path, suffix)))
}

fn remove_file(path: PathBuf) -> Result<(), GenerationError> {
    match fs::remove_file(&path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(GenerationError::File { path, source })
        }
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn without_suffix(path: &Path, suffix: &str) -> Option<PathBuf> {
    Some(PathBuf::from(path.to_str()?.strip_suffix(suffix)?))
}

#[cfg(test)]
#[path = "generations_tests.rs"]
mod tests;
