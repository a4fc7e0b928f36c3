//! What can go wrong on the way to Redis.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why there can be no link.
#[derive(Debug, Clone, thiserror::Error)]
#[error("Redis cannot be reached this way: {0}")]
pub struct RedisUrlError(pub(crate) String);

/// Why a command brought nothing. Whoever gets one does without Redis, and asks again when the next
/// request comes: none is worth a retry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing was sent: there is no connection, or Redis was found to be too slow.
    #[error("Redis is away")]
    Away,
    /// Nothing was sent: as many commands as may be under way are.
    #[error("too many commands to Redis are under way")]
    Busy,
    /// There was no answer in time. The command may be carried out or not.
    #[error("Redis did not answer in time")]
    Late,
    /// The connection broke. The command may have been carried out or not.
    #[error("the connection to Redis broke: {0}")]
    Lost(String),
    /// Redis refused the command, or what it holds is none of ours: it is full, may not be written to, or
    /// has something else under the key.
    #[error("Redis refused: {0}")]
    Refused(String),
}

impl LinkError {
    /// What a failure of the client stands for.
    pub(crate) fn of(error: &RedisError) -> Self {
        match error.kind() {
            // Of a server that is about to be another one, or nothing yet.
            ErrorKind::Server(
                ServerErrorKind::ReadOnly
                | ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown,
            ) => Self::Lost(error.to_string()),
            ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::UnexpectedReturnType => {
                Self::Refused(error.to_string())
            }
            _ if error.is_timeout() => Self::Late,
            _ => Self::Lost(error.to_string()),
        }
    }

    /// Its name in the metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Late => "late",
            Self::Lost(_) => "lost",
            Self::Refused(_) => "refused",
        }
    }
}
