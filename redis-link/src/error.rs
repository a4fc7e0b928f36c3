//! What can go wrong on the way to Redis.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why a link cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("Redis cannot be reached this way: {0}")]
pub struct RedisUrlError(pub(crate) String);

/// Why a command gave no answer. The caller does without Redis, and asks again with its next request. Retrying
/// at once is never worth it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing was sent: there is no connection, or Redis is too slow.
    #[error("Redis is away")]
    Away,
    /// Nothing was sent: the most commands that may be under way already are.
    #[error("too many commands to Redis are under way")]
    Busy,
    /// There was no answer in time. The command may have been carried out or not.
    #[error("Redis did not answer in time")]
    Late,
    /// The connection broke. The command may have been carried out or not.
    #[error("the connection to Redis broke: {0}")]
    Lost(String),
    /// Redis refused the command: it is full, or may not be written to. Or it has something under the key that is not
    /// ours.
    #[error("Redis refused: {0}")]
    Refused(String),
}

impl LinkError {
    /// The error that a failure of the client stands for.
    pub(crate) fn of(error: &RedisError) -> Self {
        match error.kind() {
            // The server is failing over or starting: another connection may be better.
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
