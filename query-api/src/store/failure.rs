//! What the errors of sqlx mean, whichever database they come from.

use super::{StoreError, postgres, sqlite};

/// What a database's own error says of the read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Trying again later may help.
    MayPass,
    /// It took too long.
    TooSlow,
    /// Trying again will not help.
    Damage,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let meaning = match &error {
            sqlx::Error::Database(error) => sqlite::meaning(&**error)
                .or_else(|| postgres::meaning(&**error))
                .unwrap_or(Meaning::Damage),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Meaning::MayPass,
            _ => Meaning::Damage,
        };
        match meaning {
            Meaning::MayPass => Self::Unavailable(error.into()),
            Meaning::TooSlow => Self::TooSlow(error.into()),
            Meaning::Damage => Self::damaged(error),
        }
    }
}
