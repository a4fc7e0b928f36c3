//! Whether a read model was made of the log that it is compared with, and what to do if not.

use events::{Digest, Position};

/// Where the log and the read model are, for people. Without passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The log.
    pub log: String,
    /// The read model.
    pub read_model: String,
}

/// Whether what was folded in or parked is what the log holds up to the same position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// Count and hash are the same.
    Complete(Position),
    /// Count or hash differ: an event was skipped, folded in twice, or changed in the log.
    Incomplete {
        /// Up to where they were compared.
        position: Position,
        /// What the log has.
        log: Digest,
        /// What was folded in or parked.
        read_model: Digest,
    },
    /// The read model has more than the log: an older log was put in place, or the checkpoint is wrong.
    Ahead {
        /// Where the read model is.
        position: Position,
        /// Where the log ends.
        head: Position,
    },
}

impl Completeness {
    /// That the read model was not made of this log, and what to do. `None`: it was, or they were not compared yet.
    pub(super) fn disagreement(self, addresses: Option<&Addresses>) -> Option<String> {
        let (mut log, mut read_model) = ("the log".to_owned(), "the read model".to_owned());
        if let Some(addresses) = addresses {
            log = format!("{log} ({})", addresses.log);
            read_model = format!("{read_model} ({})", addresses.read_model);
        }
        let (what, or) = match self {
            Self::Unknown | Self::Complete(_) => return None,
            Self::Incomplete { position, .. } => (
                format!("{read_model} is not what {log} holds up to {position}"),
                "one of the two was altered",
            ),
            Self::Ahead { position, head } => (
                format!(
                    "{read_model} is at position {position}, ahead of {log}, which ends at {head}"
                ),
                "an older log was put in place",
            ),
        };
        Some(format!(
            "{what}: it was made of another log, or {or}. Until they agree this projector folds nothing in and \
             does not lead. If this is the wrong log, set log.url to the right one; if it is the right one, \
             `cinelog rebuild` makes a read model of it"
        ))
    }
}
