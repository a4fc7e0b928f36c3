//! All generations of a read model, each in a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use events::Digest;
use read_model::Checkpoint;

use super::{
    Generations, SqliteReadModel, SqliteReadModelOptions,
    file_lock::FileLock,
    films::SqliteFilms,
    snapshot::{SqliteSnapshot, open, peek},
};
use crate::{
    GenerationError,
    port::{Films, Generation, Guard, Place, ReadModel, ReadModels, Snapshot, Work},
};

/// The file in the folder of what is folded afresh.
const SCRATCH_FILE: &str = "read-model.db";

/// The generations of a read model in files, the first one at a given path.
#[derive(Debug, Clone)]
pub struct SqliteReadModels {
    files: Generations,
}

impl SqliteReadModels {
    /// The read model whose first generation is at `path`. Nothing is opened yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { files: Generations::new(path) }
    }

    fn path(&self, place: Place) -> PathBuf {
        match place {
            Place::Generation(number) => self.files.path(number),
            Place::Building(number) => self.files.building(number),
            Place::Scratch => self.files.scratch().join(SCRATCH_FILE),
        }
    }
}

#[async_trait]
impl ReadModels for SqliteReadModels {
    async fn live(&self) -> Result<u64, GenerationError> {
        self.files.live()
    }

    async fn is_new(&self) -> Result<bool, GenerationError> {
        self.files.is_new()
    }

    async fn exists(&self, number: u64) -> Result<bool, GenerationError> {
        Ok(self.files.path(number).is_file())
    }

    async fn list(&self) -> Result<Vec<Generation>, GenerationError> {
        let generation = |file: super::GenerationFile| {
            let (number, bytes) = (file.number, file.bytes);
            Generation { number, place: file.path.display().to_string(), bytes }
        };
        Ok(self.files.list()?.into_iter().map(generation).collect())
    }

    async fn reserve(&self) -> Result<u64, GenerationError> {
        self.files.reserve()
    }

    async fn switch(&self, number: u64) -> Result<(), GenerationError> {
        self.files.switch(number)
    }

    async fn hold(&self, number: u64) -> Result<Box<dyn Guard>, GenerationError> {
        Ok(Box::new(FileGuard { _lock: self.files.hold(number)?, scratch: None }))
    }

    async fn remove(&self, number: u64) -> Result<(), GenerationError> {
        self.files.remove(number)
    }

    async fn lock(&self, work: Work) -> Result<Box<dyn Guard>, GenerationError> {
        let scratch = (work == Work::Verifying).then(|| self.files.scratch());
        Ok(Box::new(FileGuard { _lock: self.files.lock(work)?, scratch }))
    }

    async fn remove_unfinished(&self) -> Result<(), GenerationError> {
        self.files.remove_unfinished()
    }

    async fn discard(&self, number: u64) -> Result<(), GenerationError> {
        self.files.discard(number)
    }

    async fn finish(&self, number: u64) -> Result<(), GenerationError> {
        self.files.finish(number)
    }

    async fn remove_scratch(&self) -> Result<(), GenerationError> {
        let path = self.files.scratch();
        remove_folder(&path).map_err(|source| GenerationError::File { path, source })
    }

    async fn open(&self, place: Place) -> Result<Arc<dyn ReadModel>, GenerationError> {
        let path = self.path(place);
        let options = match place {
            Place::Generation(number) => SqliteReadModelOptions {
                generation: Some(number),
                ..SqliteReadModelOptions::at(path)
            },
            Place::Building(number) => SqliteReadModelOptions {
                generation: Some(number),
                ..SqliteReadModelOptions::building(path)
            },
            Place::Scratch => {
                let path = self.files.scratch();
                fs::create_dir_all(&path)
                    .map_err(|source| GenerationError::File { path, source })?;
                SqliteReadModelOptions::building(self.path(place))
            }
        };
        Ok(Arc::new(SqliteReadModel::open_with(options).await?))
    }

    async fn peek(&self, place: Place) -> Result<(Checkpoint, Digest), GenerationError> {
        Ok(peek(&self.path(place)).await?)
    }

    async fn snapshot(&self, place: Place) -> Result<Box<dyn Snapshot>, GenerationError> {
        Ok(Box::new(SqliteSnapshot::open(&self.path(place)).await?))
    }

    async fn films(
        &self,
        number: u64,
        _statement_max: Duration,
    ) -> Result<Box<dyn Films>, GenerationError> {
        let path = self.files.path(number);
        if !path.is_file() {
            return Err(GenerationError::Missing(number));
        }
        match SqliteFilms::of(open(&path).await?).await? {
            Some(films) => Ok(Box::new(films)),
            None => Err(GenerationError::Missing(number)),
        }
    }
}

/// A lock on a file, which is never lost.
struct FileGuard {
    _lock: FileLock,
    /// The folder that goes with it.
    scratch: Option<PathBuf>,
}

#[async_trait]
impl Guard for FileGuard {
    async fn still_held(&self) -> Result<(), GenerationError> {
        Ok(())
    }
}

impl Drop for FileGuard {
    fn drop(&mut self) {
        if let Some(folder) = &self.scratch
            && let Err(error) = remove_folder(folder)
        {
            // The next run removes it.
            tracing::warn!(folder = %folder.display(), %error, "scratch folder not removed");
        }
    }
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
