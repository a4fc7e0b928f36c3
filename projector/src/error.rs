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
    /// The store is busy, full or cannot be reached: the same may well succeed later.
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
    /// Another projector leads, and this one writes nothing.
    #[error("another projector leads")]
    Deposed,
    /// The events do not come after the checkpoint, each after the one before.
    #[error("events that do not follow position {0} in order")]
    OutOfOrder(Position),
    /// The store holds something that cannot be, or refuses what must be right.
    #[error("the read model is damaged and should be rebuilt: {0}")]
    Damaged(String),
}

impl StoreError {
    /// Whether the same may succeed when it is tried again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why the projector stopped, other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The log failed in a way that does not pass.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The read model failed in a way that does not pass.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be folded in, and the policy is to halt. All before it is.
    #[error("halted: {0}")]
    Poison(#[from] Poison),
    /// The read model was rebuilt while this projector was at work on the old one.
    #[error("the read model is of generation {stored} now, this projector worked on {ours}")]
    Superseded {
        /// The generation that this projector started on.
        ours: u64,
        /// The generation that the store has now.
        stored: u64,
    },
}

impl ProjectorError {
    /// Whether this would come again with every retry of the same stream.
    pub(crate) fn is_about_the_retry(&self) -> bool {
        !self.is_about_another() && !self.is_transient()
    }

    /// Whether another projector was faster.
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
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What says which generation is live says something else.
    #[error(
        "{0} holds no number of a generation; `cinelog generation switch N` puts it right (or, while no \
         server runs, removing it: generation 1 is live then)"
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
    /// Another process is at the same work.
    #[error("another process is at it already (it holds {0})")]
    Busy(String),
    /// What was held was lost: another process may be at the same work.
    #[error("{0} was lost, with the connection that held it; nothing of this is made live")]
    Lost(String),
    /// A read model cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
