//! What SQLite's errors mean here.

use sqlx::sqlite::SqliteQueryResult;

use crate::{StoreError, stored};

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

pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    let transient = match &error {
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
    };
    if transient {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Damaged(error.to_string())
    }
}

/// Makes sure that a statement touched the rows it was meant for, no more and no fewer.
pub(super) fn expect_rows(
    statement: &'static str,
    result: &SqliteQueryResult,
    rows: usize,
) -> Result<(), StoreError> {
    stored::expect_rows(statement, result.rows_affected(), rows)
}
