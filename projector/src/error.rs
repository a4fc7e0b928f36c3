//! What can go wrong while the log is folded into a read model.

use std::{io, path::PathBuf};

use event_log::LogError;
use events::Position;
use read_model::{Checkpoint, Poison};

/// Why a batch was not folded in. Nothing of it is in the read model.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The read model cannot be opened, or its tables cannot be brought up to date.
    #[error("cannot open the read model {place}: {reason}")]
    Open {
        /// Where it is.
        place: String,
        /// What the database or the migration says.
        reason: String,
    },
    /// The store is busy, full or cannot be reached. Trying again later may help.
    #[error("the read model is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another projector has been at work: the checkpoint is not where this one left it.
    #[error("the read model is at {stored:?}, not at {expected:?}: another projector is at work")]
    Fenced {
        /// Where this projector thought it was.
        expected: Checkpoint,
        /// Where it is.
        stored: Checkpoint,
    },
    /// Another projector leads, so this one may not write.
    #[error("another projector leads")]
    Deposed,
    /// The events do not follow the checkpoint in ascending order.
    #[error("the events to be folded in do not follow position {0} in order")]
    OutOfOrder(Position),
    /// The store holds something that the projector cannot have written, or refuses a correct statement.
    #[error("the read model is damaged and should be rebuilt: {0}")]
    Damaged(String),
}

impl StoreError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why the projector stopped, other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The log failed, and trying again does not help.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The read model failed, and trying again does not help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be folded in, and the policy is to halt. All events before it are folded in.
    #[error("halted: {0}")]
    Poison(#[from] Poison),
    /// The read model was replaced by another generation while this projector worked on it.
    #[error(
        "the read model is generation {stored} now, but this projector worked on generation {ours}"
    )]
    Superseded {
        /// The generation that this projector started on.
        ours: u64,
        /// The generation that the store has now.
        stored: u64,
    },
}

impl ProjectorError {
    /// Whether every retry of the same stream would fail like this.
    pub(crate) fn is_about_the_retry(&self) -> bool {
        !self.is_about_another() && !self.is_transient()
    }

    /// Whether another projector has taken over or was faster.
    pub(crate) fn is_about_another(&self) -> bool {
        matches!(self, Self::Store(StoreError::Fenced { .. } | StoreError::Deposed))
    }

    /// Whether going on from the stored checkpoint may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Log(LogError::Unavailable(_)) => true,
            Self::Store(error) => error.is_transient(),
            Self::Log(LogError::Damaged { .. }) | Self::Poison(_) | Self::Superseded { .. } => {
                false
            }
        }
    }
}

/// Why generations cannot be found, opened, switched or removed.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// A file or folder cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file that says which generation is live says something else.
    #[error(
        "{0} does not say which generation is live; `cinelog generation switch N` puts it right (or, while no \
         server runs, remove the file: then generation 1 is live)"
    )]
    Pointer(String),
    /// There is no such generation.
    #[error("there is no generation {0}")]
    Missing(u64),
    /// The generation is live.
    #[error("generation {0} is live; switch to another one first")]
    Live(u64),
    /// Somebody works with the generation.
    #[error("generation {0} is in use, by a server or by another command")]
    InUse(u64),
    /// Another process is doing the same.
    #[error("another process is doing the same already (it holds {0})")]
    Busy(String),
    /// A lock was lost: another process may be doing the same.
    #[error("{0} was lost, with the connection that held it; nothing of this is made live")]
    Lost(String),
    /// A read model cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
