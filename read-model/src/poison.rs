//! Poison: events that cannot be folded in.

use events::{DecodeError, Position, Revision, StreamName};

/// An event that cannot be folded in. Never holds any of its data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event at position {position} in stream {stream} {reason}")]
pub struct Poison {
    /// Where it is.
    pub position: Position,
    /// Its stream, of which nothing more can be folded in.
    pub stream: StreamName,
    /// What is wrong with it.
    pub reason: PoisonReason,
}

/// What is wrong with an event. Each reads as the end of a sentence about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoisonReason {
    /// Nothing here knows its type or version: it was written by a newer Cinelog.
    #[error("is {event_type} version {version}, which is unknown here")]
    Unknown {
        /// The stored type.
        event_type: String,
        /// The stored schema version.
        version: u32,
    },
    /// Its data is not what its type and version promise.
    #[error("is no well-formed {event_type} version {version}")]
    Malformed {
        /// The stored type.
        event_type: String,
        /// The stored schema version.
        version: u32,
    },
    /// It stands in the stream of something else.
    #[error("belongs into stream {0}")]
    Misplaced(StreamName),
    /// It does not follow what was folded in before it.
    #[error("has revision {actual} where {expected} is next")]
    OutOfTurn {
        /// The revision that would be next.
        expected: Revision,
        /// The revision that it has.
        actual: Revision,
    },
    /// It creates what is there already.
    #[error("creates a film that is there already")]
    CreatedTwice,
    /// It is about a film that is not there, perhaps since that film's own stream is parked.
    #[error("is about a film that is not there")]
    NoSuchMovie,
    /// It takes back a rating that is not there.
    #[error("takes back a rating that is not there")]
    NoSuchRating,
    /// It rates with a value that there is not.
    #[error("rates with a value that is not from 1 to 10")]
    RatingOutOfRange,
}

impl From<&DecodeError> for PoisonReason {
    fn from(error: &DecodeError) -> Self {
        match error.clone() {
            DecodeError::Unknown { event_type, version } => Self::Unknown { event_type, version },
            // The decoder's own words may quote the data, so they are left out.
            DecodeError::Malformed { event_type, version, .. } => {
                Self::Malformed { event_type, version }
            }
        }
    }
}
