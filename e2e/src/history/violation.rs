//! What can be wrong with a history.

use std::fmt;

/// One thing in which a log contradicts what clients were told, or itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Positions do not follow each other.
    PositionGap {
        /// The position that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Revisions of a stream do not follow each other.
    RevisionGap {
        /// The stream.
        stream: String,
        /// The revision that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
        /// Where.
        position: u64,
    },
    /// An event's id is there twice.
    DoubledId {
        /// The id.
        id: String,
        /// Where it is for the second time.
        position: u64,
    },
    /// A command was acknowledged, and an event of it is not there.
    Lost {
        /// The command.
        key: String,
        /// The event.
        event: String,
        /// Where the command was said to stand.
        position: u64,
    },
    /// A command has more events than carrying it out once makes.
    Doubled {
        /// The command.
        key: String,
        /// Where they are.
        positions: Vec<u64>,
    },
    /// The events of a command stand elsewhere than its client was told.
    Misplaced {
        /// The command.
        key: String,
        /// Where the last one was said to stand.
        told: u64,
        /// Where they are.
        positions: Vec<u64>,
    },
    /// A command was refused, and its events are there.
    RefusedYetDone {
        /// The command.
        key: String,
        /// Where they are.
        positions: Vec<u64>,
    },
    /// An event comes from no command that anybody sent.
    Unasked {
        /// Where it is.
        position: u64,
    },
    /// A command stands before one that had been answered when it was sent.
    Reordered {
        /// The command that had been answered.
        earlier: String,
        /// Where that one is.
        at: u64,
        /// The command that was sent after it.
        later: String,
        /// Where that one is.
        before: u64,
    },
    /// An event is not what it was.
    Rewritten {
        /// Where.
        position: u64,
    },
    /// The log is shorter than it was.
    CutOff {
        /// The first that is missing.
        position: u64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PositionGap { expected, found } => {
                write!(f, "position {found} comes where {expected} should")
            }
            Self::RevisionGap { stream, expected, found, position } => write!(
                f,
                "revision {found} of {stream} comes where {expected} should, at position {position}"
            ),
            Self::DoubledId { id, position } => {
                write!(f, "event {id} is there twice, again at position {position}")
            }
            Self::Lost { key, event, position } => {
                write!(f, "event {event} of {key}, acknowledged at position {position}, is lost")
            }
            Self::Doubled { key, positions } => {
                write!(f, "{key} was carried out more than once: positions {positions:?}")
            }
            Self::Misplaced { key, told, positions } => {
                write!(f, "{key} was said to end at position {told}, and is at {positions:?}")
            }
            Self::RefusedYetDone { key, positions } => {
                write!(f, "{key} was refused, and is at {positions:?}")
            }
            Self::Unasked { position } => write!(f, "nobody asked for the event at {position}"),
            Self::Reordered { earlier, at, later, before } => write!(
                f,
                "{later} at {before} was sent after {earlier} had been answered, which is at {at}"
            ),
            Self::Rewritten { position } => write!(f, "the event at {position} is another now"),
            Self::CutOff { position } => write!(f, "the log ends before {position}, which it had"),
        }
    }
}
