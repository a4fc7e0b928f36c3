//! What can go wrong with the read model.

use std::path::PathBuf;

/// Why the read model could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no file.
    #[error("there is no read model at {}: the projector makes it", .0.display())]
    Missing(PathBuf),
    /// There is a file, but its tables are not those of a read model.
    #[error("{} holds no read model that this version can read", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was tried with it.
        source: sqlx::Error,
    },
    /// The store cannot be reached or is busy, or its machine is short of something. Trying again later may help.
    #[error("the read model is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// Reading took longer than a read may, and was given up.
    #[error("the read took too long")]
    TooSlow(#[source] sqlx::Error),
    /// The store refuses what is asked of it, or holds what the projector cannot have written.
    #[error("the read model is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// What holds data that cannot be read.
    pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Damaged(Box::new(error))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        /// The primary result codes, which are in the lower byte, of what may pass: SQLITE_BUSY,
        /// LOCKED, NOMEM, READONLY (a WAL that must be recovered first), IOERR, FULL and CANTOPEN.
        const PASSING: [i64; 7] = [5, 6, 7, 8, 10, 13, 14];
        /// SQLITE_INTERRUPT: the deadline of a snapshot has passed.
        const INTERRUPTED: i64 = 9;
        let code = error
            .as_database_error()
            .and_then(|error| error.code()?.parse::<i64>().ok())
            .map(|code| code & 0xff);
        if code == Some(INTERRUPTED) {
            return Self::TooSlow(error);
        }
        let may_pass = match &error {
            sqlx::Error::Database(_) => code.is_some_and(|code| PASSING.contains(&code)),
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            _ => false,
        };
        if may_pass { Self::Unavailable(error) } else { Self::damaged(error) }
    }
}
