//! Violations in words.

use std::fmt;

use super::{ReadIs, Violation};

impl fmt::Display for ReadIs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.sent as f64 / 1e9;
        write!(f, "the read of {} by reader {} at {seconds:.3} s", self.target, self.reader)
    }
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
            Self::Lost { key, event: Some(event), position } => {
                write!(f, "event {event} of {key}, acknowledged at position {position}, is lost")
            }
            Self::Lost { key, event: None, position } => {
                write!(f, "{key}, acknowledged at position {position}, is lost")
            }
            Self::Half { key, positions } => {
                write!(f, "{key} is there in part: positions {positions:?}")
            }
            Self::Overwrote { key, meant_for, stream, revision } => write!(
                f,
                "{key} was meant for revision {meant_for} of {stream} and made revision {revision}"
            ),
            Self::WrongAnswer { to, said } => write!(f, "{to} was answered: {said}"),
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
            Self::Stale { read, asked, shown } => {
                write!(f, "{read} shows position {shown}, and was asked for {asked}")
            }
            Self::WentBack { read, before, shown } => {
                write!(f, "{read} shows position {shown}, after {before} had been shown")
            }
            Self::Behind { read, position, there, shown } => write!(
                f,
                "{read} shows (revision, ratings) {shown:?}; at position {position} it is {there:?}"
            ),
            Self::Invented { read, end, shown } => {
                write!(f, "{read} shows (revision, ratings) {shown:?}; the log ends with {end:?}")
            }
            Self::WrongPresence { read, found: true, position } => {
                write!(f, "{read} finds a film that is gone from position {position} on")
            }
            Self::WrongPresence { read, found: false, position } => {
                write!(f, "{read} finds no film; there is one from position {position} on")
            }
            Self::Unpublished { position } => {
                write!(f, "the event at {position} is not in Kafka")
            }
            Self::PublishedTwice { position, at } => {
                write!(f, "the event at {position} is in Kafka twice, again at {at:?}")
            }
            Self::PublishedOutOfOrder { stream, position, at } => write!(
                f,
                "the event of {stream} at {position} is in Kafka at {at:?}, out of its turn"
            ),
            Self::PublishedOther { position, at } => {
                write!(f, "the record at {at:?} in Kafka is not what the log has at {position}")
            }
            Self::ShownOther { node, stream, log, shown } => write!(
                f,
                "{node} shows {stream} as (revision, raters) {shown:?}; the log tells {log:?}"
            ),
            Self::Disagree { nodes: (one, other), target } => {
                write!(f, "{one} and {other} answer {target} differently")
            }
            Self::NotVerified { said } => write!(f, "cinelog verify: {said}"),
            Self::NotWell { what } => write!(f, "not well after the storm: {what}"),
            Self::Rewritten { position } => write!(f, "the event at {position} is another now"),
            Self::CutOff { position } => write!(f, "the log ends before {position}, which it had"),
        }
    }
}
