//! `[projector]`: how the log is folded into the read model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The projector.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProjectorConfig {
    /// What an event does that cannot be applied: `park` sets its stream aside and goes on with the
    /// others, `halt` stops the server.
    pub(crate) poison: PoisonPolicy,
    /// Where the projector has its events from: `log`, or `kafka`. From Kafka every projector reads a part
    /// of the topic, and the one that leads folds all of it in; what does not come in time it reads from
    /// the log. Needs `kafka.brokers`, and `read_model.url` on Postgres.
    pub(crate) source: Source,
}

/// Where the projector has its events from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// The event log.
    #[default]
    Log,
    /// Kafka, to which they are relayed.
    Kafka,
}

/// What an event does that cannot be applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PoisonPolicy {
    /// Its stream is set aside; the others go on.
    #[default]
    Park,
    /// The projector stops, and the server with it.
    Halt,
}

impl From<PoisonPolicy> for projector::PoisonPolicy {
    fn from(policy: PoisonPolicy) -> Self {
        match policy {
            PoisonPolicy::Park => Self::Park,
            PoisonPolicy::Halt => Self::Halt,
        }
    }
}
