//! What can go wrong with a log.

use events::{EventId, Position, Revision};

/// Why the log could not be read or reached.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The store cannot be reached, is full, or refuses to write. Trying again later may help; of an
    /// append it is then unknown whether it happened, so it must be tried with the same event ids.
    #[error("the event log is unavailable: {0}")]
    Unavailable(String),
    /// The store holds something that this version of Cinelog cannot have written, or refuses what
    /// must be right. Trying again does not help.
    #[error("the event log is damaged{}: {reason}", place(*position))]
    Damaged {
        /// Where. `None` where it is not about one event.
        position: Option<Position>,
        /// What is wrong with it.
        reason: String,
    },
}

fn place(position: Option<Position>) -> String {
    position.map(|position| format!(" at position {position}")).unwrap_or_default()
}

/// Why an append did not happen. Nothing of it is in the log, except that after
/// [`LogError::Unavailable`] the outcome is not known.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The stream is not where the caller thought; someone else was faster.
    #[error("the stream is at revision {actual}, which is not what was expected")]
    Conflict {
        /// Where the stream is ([`Revision::NONE`] where it has no events).
        actual: Revision,
    },
    /// The stream that the append depends upon is not where the caller thought.
    #[error(
        "the stream that this depends upon is at revision {actual}, which is not what was given"
    )]
    GivenChanged {
        /// Where that stream is ([`Revision::NONE`] where it has no events).
        actual: Revision,
    },
    /// An event id is in the log already, though this append is no repetition of an earlier one.
    #[error("event {0} is in the log already, as part of another append")]
    DuplicateEvent(EventId),
    /// The idempotency key is taken; [`crate::EventLog::recall`] tells by what.
    #[error("the idempotency key is taken")]
    KeyTaken,
    /// The append is larger than the log allows.
    #[error("{what} is {actual}, more than the {limit} that the log allows")]
    TooLarge {
        /// What is too large, with its unit: `event data in bytes`, `events in one append`.
        what: &'static str,
        /// How large it is.
        actual: usize,
        /// How large it may be.
        limit: usize,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}
