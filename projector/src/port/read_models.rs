//! All generations of a read model.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use events::Digest;
use read_model::Checkpoint;

use super::{Films, ReadModel, Snapshot};
use crate::GenerationError;

/// Where a read model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A generation that is complete.
    Generation(u64),
    /// A generation that is being built. It does not count as one before it is complete.
    Building(u64),
    /// A fresh fold that is compared and then thrown away.
    Scratch,
}

/// Work that only one process may do at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Opening the live generation, which may have to be made.
    Opening,
    /// Building a generation.
    Building,
    /// Verifying, in [`Place::Scratch`].
    Verifying,
}

/// A generation that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// Where it is, for people.
    pub place: String,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// A lock, held for as long as this lives. It ends with the process, also if that is killed.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Makes sure that the lock was not lost meanwhile, as a lock on a server is with its connection.
    ///
    /// # Errors
    /// [`GenerationError::Lost`] if it was, or may have been.
    async fn still_held(&self) -> Result<(), GenerationError>;
}

/// All generations of a read model. They are numbered from 1, and no number is used twice: caches tell generations
/// apart by it.
///
/// Generation 1 is live until somebody switches, whether it exists or not.
#[async_trait]
pub trait ReadModels: Send + Sync + 'static {
    /// Which generation is live: the one that queries are answered from.
    async fn live(&self) -> Result<u64, GenerationError>;

    /// Whether no generation was ever made here, as far as can be told.
    async fn is_new(&self) -> Result<bool, GenerationError>;

    /// Whether there is such a generation, and it is complete.
    async fn exists(&self, number: u64) -> Result<bool, GenerationError>;

    /// All complete generations, by number.
    async fn list(&self) -> Result<Vec<Generation>, GenerationError>;

    /// A number for a new generation. It was never used before and is never given out again, whatever becomes of the
    /// generation.
    async fn reserve(&self) -> Result<u64, GenerationError>;

    /// Makes a generation the live one. When this returns, that is durable. Running servers follow by
    /// themselves.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] if there is no such generation.
    async fn switch(&self, number: u64) -> Result<(), GenerationError>;

    /// Keeps a generation from being removed. Any number of users may hold it.
    async fn hold(&self, number: u64) -> Result<Box<dyn Guard>, GenerationError>;

    /// Removes a generation that is not live and that nobody holds.
    ///
    /// # Errors
    /// [`GenerationError::Live`], [`GenerationError::Missing`] or [`GenerationError::InUse`].
    async fn remove(&self, number: u64) -> Result<(), GenerationError>;

    /// Keeps others from the same work. Does not wait.
    ///
    /// # Errors
    /// [`GenerationError::Busy`] if somebody else is doing it.
    async fn lock(&self, work: Work) -> Result<Box<dyn Guard>, GenerationError>;

    /// Removes what interrupted builds have left. The caller must hold the lock of [`Work::Building`].
    async fn remove_unfinished(&self) -> Result<(), GenerationError>;

    /// Removes what the build of one generation has left, if there is anything. The caller must hold the lock of
    /// [`Work::Building`].
    async fn discard(&self, number: u64) -> Result<(), GenerationError>;

    /// Turns a generation that has been built into a complete one. It must be closed.
    async fn finish(&self, number: u64) -> Result<(), GenerationError>;

    /// Removes what is in [`Place::Scratch`], if there is anything. The caller must hold the lock of
    /// [`Work::Verifying`].
    async fn remove_scratch(&self) -> Result<(), GenerationError>;

    /// Opens a read model for the projector. It is made if it does not exist, and its tables are brought up to date.
    ///
    /// # Errors
    /// [`crate::StoreError::Open`] if it cannot be opened, is another generation, or was made by a newer Cinelog.
    async fn open(&self, place: Place) -> Result<Arc<dyn ReadModel>, GenerationError>;

    /// How far a read model has come, and the digest at that position. Makes nothing.
    async fn peek(&self, place: Place) -> Result<(Checkpoint, Digest), GenerationError>;

    /// A read model as it is at this moment, for as long as the snapshot lives. Writers go on meanwhile.
    async fn snapshot(&self, place: Place) -> Result<Box<dyn Snapshot>, GenerationError>;

    /// The films of a generation. A look-up may take a server `statement_max`. This makes nothing, and does not keep
    /// the generation from being removed.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] if there is no such generation.
    async fn films(
        &self,
        number: u64,
        statement_max: Duration,
    ) -> Result<Box<dyn Films>, GenerationError>;
}
