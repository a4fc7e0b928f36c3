//! What the errors of SQLite and Postgres mean here.

use sqlx::migrate::MigrateError;

use super::StoreError;

/// Primary result codes (https://sqlite.org/rescode.html) of failures that pass: busy, locked, out of
/// memory, read-only, input or output, full, cannot open.
const SQLITE_TRANSIENT: [u32; 7] = [5, 6, 7, 8, 10, 13, 14];

/// Codes of Postgres of failures that pass, other than by their class: a standby, no such database, rights
/// that are missing, a lock that is held.
const POSTGRES_TRANSIENT: [&str; 4] = ["25006", "3D000", "42501", "55P03"];

/// Classes of them: connections, undone transactions, resources, operators, the system, logging in.
const POSTGRES_TRANSIENT_CLASSES: [&str; 6] = ["08", "40", "53", "57", "58", "28"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) {
            Self::Unavailable(Box::new(error))
        } else {
            Self::Damaged(Box::new(error))
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => Self::Newer,
            other => Self::Damaged(Box::new(other)),
        }
    }
}

/// Whether it says that a row like this is there already.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

fn is_transient(error: &sqlx::Error) -> bool {
    let database = match error {
        sqlx::Error::Database(error) => error,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => return true,
        _ => return false,
    };
    let Some(code) = database.code() else { return false };
    if database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return POSTGRES_TRANSIENT.contains(&&*code)
            || code.get(..2).is_some_and(|class| POSTGRES_TRANSIENT_CLASSES.contains(&class));
    }
    // The low byte of an extended code of SQLite is the primary one.
    code.parse::<u32>().is_ok_and(|code| SQLITE_TRANSIENT.contains(&(code & 0xff)))
}
