//! What SQLite's errors mean here.

use std::path::Path;

use events::Position;
use sqlx::migrate::MigrateError;

use crate::LogError;

/// Primary result codes (https://sqlite.org/rescode.html) of failures that pass: another process has
/// locked the file, memory or the disk is full, or the disk does not let us in, write or answer.
const TRANSIENT: [u32; 7] = [
    5,  // SQLITE_BUSY
    6,  // SQLITE_LOCKED
    7,  // SQLITE_NOMEM
    8,  // SQLITE_READONLY
    10, // SQLITE_IOERR
    13, // SQLITE_FULL
    14, // SQLITE_CANTOPEN
];

/// What went wrong in the database, as the port tells it.
pub(super) fn log_error(error: sqlx::Error) -> LogError {
    let reason = error.to_string();
    if is_transient(&error) { LogError::Unavailable(reason) } else { damaged(reason) }
}

/// What went wrong while the file was opened.
pub(super) fn cannot_open(path: &Path, error: sqlx::Error) -> LogError {
    let reason = format!("cannot open {}: {error}", path.display());
    if is_transient(&error) { LogError::Unavailable(reason) } else { damaged(reason) }
}

/// What went wrong while the tables were brought up to date. Other than of the database's own
/// failures, that is a file which another version of Cinelog, or another program, has written.
pub(super) fn cannot_migrate(error: MigrateError) -> LogError {
    let reason = format!("cannot bring the event log's tables up to date: {error}");
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if is_transient(&error) =>
        {
            LogError::Unavailable(reason)
        }
        _ => damaged(reason),
    }
}

/// What is wrong with the event at a position.
pub(super) fn damaged_at(position: Position, reason: &str) -> LogError {
    LogError::Damaged { position: Some(position), reason: reason.to_owned() }
}

fn damaged(reason: String) -> LogError {
    LogError::Damaged { position: None, reason }
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error
            .code()
            .and_then(|code| code.parse::<u32>().ok())
            // The low byte of an extended code is the primary one.
            .is_some_and(|code| TRANSIENT.contains(&(code & 0xff))),
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}
