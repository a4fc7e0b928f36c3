//! Where the projector that leads has its events from.

use std::fmt;

/// Where a projector has its events from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FedBy {
    /// The log, as configured; or nothing, while another projector leads.
    #[default]
    Log,
    /// The log, until the events that come by Kafka continue it.
    CatchingUp,
    /// Kafka.
    Kafka,
    /// The log for now, since something is wrong with the events that come by Kafka.
    LogInstead(Why),
}

/// What was wrong with the events that came by Kafka, so that the log is read instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The log has new events, and they did not come in time.
    Late,
    /// Events came, but one before them did not.
    Missing,
    /// The events that came are not those of the log.
    Altered,
    /// The events that came cannot be read from the read model's store.
    Unreadable,
}

impl Why {
    /// All reasons.
    pub(crate) const ALL: [Self; 4] = [Self::Late, Self::Missing, Self::Altered, Self::Unreadable];

    /// As the label of a metric.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "nothing came by Kafka while the log went on",
            Self::Missing => "an event did not come by Kafka and those after it did",
            Self::Altered => "what came by Kafka is not what the log holds",
            Self::Unreadable => "what came by Kafka cannot be read from the inbox",
        })
    }
}
