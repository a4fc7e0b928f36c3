//! Generations in files: there may be several read models, built at different times, and a small file, the pointer,
//! says which one is live.
//!
//! Generation 1 is the configured file (`read-model.db`), generation N the file `read-model.N.db` beside it. One
//! that is being built has `.building` at the end of its name until it is complete. No number is used twice,
//! since caches tell generations apart by it. Nothing here opens a database.

mod names;
mod removal;

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::PathBuf,
};

use self::{
    names::Names,
    removal::{remove_database, remove_file},
};
use super::{
    file_lock::{FileLock, LockError},
    pointer::Pointer,
};
use crate::{GenerationError, port::Work};

/// Where the generations of a read model are.
#[derive(Debug, Clone)]
pub struct Generations {
    names: Names,
}

/// The file of a generation that exists.
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
        Self { names: Names::of(base.into()) }
    }

    /// The file of a generation, whether it exists or not.
    #[must_use]
    pub fn path(&self, number: u64) -> PathBuf {
        self.names.path(number)
    }

    /// The file that a generation is built in.
    #[must_use]
    pub fn building(&self, number: u64) -> PathBuf {
        self.names.building(number)
    }

    /// The file that says which generation is live, whether it exists or not.
    #[must_use]
    pub fn pointer(&self) -> PathBuf {
        self.names.pointer()
    }

    /// Which generation is live: the one that the server answers from.
    ///
    /// # Errors
    /// [`GenerationError`] where the file that says so cannot be read.
    pub fn live(&self) -> Result<u64, GenerationError> {
        Ok(self.read()?.unwrap_or(Pointer::ABSENT).live)
    }

    /// Whether no generation was ever made here, as far as can be told.
    ///
    /// # Errors
    /// [`GenerationError`] if the pointer cannot be read.
    pub fn is_new(&self) -> Result<bool, GenerationError> {
        Ok(self.read()?.is_none() && !self.names.base().is_file())
    }

    /// Makes a generation the live one. When this returns, that is on the disk. A running server follows by
    /// itself. A pointer that cannot be read is replaced.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] if there is no such generation; [`GenerationError`] if it cannot be written.
    pub fn switch(&self, number: u64) -> Result<(), GenerationError> {
        if !self.path(number).is_file() {
            return Err(GenerationError::Missing(number));
        }
        let _change = FileLock::wait(&self.names.change_lock())?;
        let highest = match self.read() {
            Ok(pointer) => pointer.unwrap_or(Pointer::ABSENT).highest,
            // The best guess: the newest file that exists.
            Err(GenerationError::Pointer(_)) => self.newest()?,
            Err(error) => return Err(error),
        };
        self.write(Pointer { live: number, highest: highest.max(number) })
    }

    /// All complete generations, by number.
    ///
    /// # Errors
    /// [`GenerationError::File`] if the folder cannot be read.
    pub fn list(&self) -> Result<Vec<GenerationFile>, GenerationError> {
        let mut found = Vec::new();
        for path in self.files()? {
            let Some(number) = self.names.number_of(&path) else { continue };
            let metadata = fs::metadata(&path)
                .map_err(|source| GenerationError::File { path: path.clone(), source })?;
            found.push(GenerationFile { number, path, bytes: metadata.len() });
        }
        found.sort_by_key(|generation| generation.number);
        Ok(found)
    }

    /// A number for a new generation. It was never used before and is never given out again, whatever becomes of the
    /// generation.
    ///
    /// # Errors
    /// Those of [`list`](Self::list) and [`live`](Self::live); [`GenerationError`] if it cannot be written.
    pub fn reserve(&self) -> Result<u64, GenerationError> {
        let newest = self.newest()?;
        // A file that another process finishes meanwhile has a number that was reserved before.
        let next =
            |pointer: Pointer| Pointer { highest: pointer.highest.max(newest) + 1, ..pointer };
        Ok(self.change(next)?.highest)
    }

    fn newest(&self) -> Result<u64, GenerationError> {
        Ok(self.list()?.last().map_or(1, |generation| generation.number))
    }

    /// Keeps a generation from being removed for as long as the lock lives. Any number of users may hold it.
    ///
    /// # Errors
    /// [`GenerationError`] if it cannot be taken.
    pub(super) fn hold(&self, number: u64) -> Result<FileLock, GenerationError> {
        // Meanwhile nobody removes the lock's file.
        let _change = FileLock::wait(&self.names.change_lock())?;
        Ok(FileLock::share(&self.names.use_lock(number))?)
    }

    /// Removes a generation that is not live and that nobody holds.
    ///
    /// # Errors
    /// [`GenerationError`] if it is live, in use or missing, or cannot be removed.
    pub fn remove(&self, number: u64) -> Result<(), GenerationError> {
        let _change = FileLock::wait(&self.names.change_lock())?;
        let pointer = self.read()?.unwrap_or(Pointer::ABSENT);
        if pointer.live == number {
            return Err(GenerationError::Live(number));
        }
        let path = self.path(number);
        if !path.is_file() {
            return Err(GenerationError::Missing(number));
        }
        let lock = self.names.use_lock(number);
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

    /// Removes what interrupted builds have left. The caller must hold the lock of [`Work::Building`].
    ///
    /// # Errors
    /// [`GenerationError::File`] if that fails.
    pub fn remove_unfinished(&self) -> Result<(), GenerationError> {
        for path in self.files()? {
            if self.names.built_in(&path).is_some() {
                remove_database(&path)?;
            }
        }
        Ok(())
    }

    /// Removes what the build of one generation has left, if there is anything.
    ///
    /// # Errors
    /// [`GenerationError::File`] if that fails.
    pub fn discard(&self, number: u64) -> Result<(), GenerationError> {
        let path = self.building(number);
        if path.exists() { remove_database(&path) } else { Ok(()) }
    }

    /// Turns a generation that has been built into a complete one, by giving its file the final name. The file
    /// must be closed, with no WAL beside it.
    ///
    /// # Errors
    /// [`GenerationError::File`] if that fails.
    pub fn finish(&self, number: u64) -> Result<(), GenerationError> {
        let (building, path) = (self.building(number), self.path(number));
        File::open(&building)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&building, &path))
            .map_err(|source| GenerationError::File { path, source })?;
        self.sync_folder()
    }

    /// Keeps others from the same work. Does not wait.
    ///
    /// # Errors
    /// [`GenerationError::Busy`] if somebody else is doing it.
    pub(super) fn lock(&self, work: Work) -> Result<FileLock, GenerationError> {
        Ok(FileLock::take(&self.names.work_lock(work))?)
    }

    /// The folder for a fresh fold that is compared and then thrown away.
    pub(super) fn scratch(&self) -> PathBuf {
        self.names.scratch()
    }

    /// Reads the pointer. `None`: there is none.
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

    /// Changes the pointer, while nobody else does. When this returns, that is on the disk.
    fn change(&self, how: impl FnOnce(Pointer) -> Pointer) -> Result<Pointer, GenerationError> {
        let _change = FileLock::wait(&self.names.change_lock())?;
        let new = how(self.read()?.unwrap_or(Pointer::ABSENT));
        let new = Pointer { highest: new.highest.max(new.live), ..new };
        self.write(new)?;
        Ok(new)
    }

    fn write(&self, new_pointer: Pointer) -> Result<(), GenerationError> {
        let pointer = self.pointer();
        let new = self.names.new_pointer();
        let write = || {
            let mut file = File::create(&new)?;
            write!(file, "{new_pointer}")?;
            file.sync_all()?;
            fs::rename(&new, &pointer)
        };
        write().map_err(|source| GenerationError::File { path: pointer.clone(), source })?;
        self.sync_folder()
    }

    fn files(&self) -> Result<Vec<PathBuf>, GenerationError> {
        let folder = self.names.folder();
        let list = || -> io::Result<Vec<PathBuf>> {
            fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect()
        };
        list().map_err(|source| GenerationError::File { path: folder.clone(), source })
    }

    fn sync_folder(&self) -> Result<(), GenerationError> {
        let path = self.names.folder();
        File::open(&path)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| GenerationError::File { path, source })
    }
}

#[cfg(test)]
mod tests;
