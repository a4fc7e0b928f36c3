//! A read model in all the generations that there are of it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use events::Digest;
use read_model::Checkpoint;

use super::{Films, ReadModel, Snapshot};
use crate::GenerationError;

/// Where a read model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A generation that is whole.
    Generation(u64),
    /// A generation that is being built: worth nothing before it is whole.
    Building(u64),
    /// What is folded afresh to be compared, and thrown away.
    Scratch,
}

/// Work that is not done twice at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Opening the live generation, which may have to be made.
    Opening,
    /// Building a generation.
    Building,
    /// Folding afresh into [`Place::Scratch`].
    Verifying,
}

/// A generation that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// Where it is, for people.
    pub place: String,
    /// How large it is.
    pub bytes: u64,
}

/// Something that is held for as long as this lives, also when the process is killed.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Makes sure that it was not lost meanwhile, as a lock on a server is with its connection.
    ///
    /// # Errors
    /// [`GenerationError::Lost`] where it was, or may have been.
    async fn still_held(&self) -> Result<(), GenerationError>;
}

/// A read model in all the generations that there are of it. Numbers are given out once, from 1: caches
/// tell generations apart by nothing else.
///
/// Generation 1 is live until somebody switches, whether it is there or not.
#[async_trait]
pub trait ReadModels: Send + Sync + 'static {
    /// Which generation is live: the one that queries are answered from.
    async fn live(&self) -> Result<u64, GenerationError>;

    /// Whether any generation was ever made here, as far as can be told.
    async fn is_new(&self) -> Result<bool, GenerationError>;

    /// Whether there is such a generation, and it is whole.
    async fn exists(&self, number: u64) -> Result<bool, GenerationError>;

    /// All generations that are whole, by number.
    async fn list(&self) -> Result<Vec<Generation>, GenerationError>;

    /// A number for a new generation, which nobody had before and nobody gets again, whatever becomes
    /// of the generation.
    async fn reserve(&self) -> Result<u64, GenerationError>;

    /// Makes a generation the live one. When this returns, that is durable; servers that run follow by
    /// themselves.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] where there is no such generation.
    async fn switch(&self, number: u64) -> Result<(), GenerationError>;

    /// Keeps a generation from being removed. Any number of users may.
    async fn hold(&self, number: u64) -> Result<Box<dyn Guard>, GenerationError>;

    /// Removes a generation that is not live and that nobody holds.
    ///
    /// # Errors
    /// [`GenerationError::Live`], [`GenerationError::Missing`] or [`GenerationError::InUse`].
    async fn remove(&self, number: u64) -> Result<(), GenerationError>;

    /// Keeps others from the same work. Nobody is waited for.
    ///
    /// # Errors
    /// [`GenerationError::Busy`] where somebody is at it.
    async fn lock(&self, work: Work) -> Result<Box<dyn Guard>, GenerationError>;

    /// Removes what builds have left that did not come to their end. For whoever has the lock of
    /// [`Work::Building`].
    async fn remove_unfinished(&self) -> Result<(), GenerationError>;

    /// Removes one of them, where it is there. For whoever has the lock of [`Work::Building`].
    async fn discard(&self, number: u64) -> Result<(), GenerationError>;

    /// Gives a generation that has been built its name. It must be closed.
    async fn finish(&self, number: u64) -> Result<(), GenerationError>;

    /// Removes what is in [`Place::Scratch`], where there is anything. For whoever has the lock of
    /// [`Work::Verifying`].
    async fn remove_scratch(&self) -> Result<(), GenerationError>;

    /// Opens a read model for the projector, making it where it is missing, and brings its tables up to
    /// date.
    ///
    /// # Errors
    /// [`crate::StoreError::Open`] where it cannot be opened, is of another generation or is of a newer
    /// Cinelog.
    async fn open(&self, place: Place) -> Result<Arc<dyn ReadModel>, GenerationError>;

    /// How far a read model has come, and the digest until there. Nothing is made.
    async fn peek(&self, place: Place) -> Result<(Checkpoint, Digest), GenerationError>;

    /// A read model as it is at this moment, for as long as the snapshot lives. Whoever writes goes on.
    async fn snapshot(&self, place: Place) -> Result<Box<dyn Snapshot>, GenerationError>;

    /// The films of a generation, where a look-up may take a server `statement_max`. Nothing is made, and
    /// nothing is held: a generation that is removed has no films any more.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] where there is no such generation.
    async fn films(
        &self,
        number: u64,
        statement_max: Duration,
    ) -> Result<Box<dyn Films>, GenerationError>;
}
