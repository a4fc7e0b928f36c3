//! What the errors of Postgres mean here.

use sqlx::postgres::{PgDatabaseError, PgQueryResult};

use crate::{StoreError, stored};

/// SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html), or their classes, of failures
/// that pass, by themselves or because somebody sees to the server.
const TRANSIENT: [&str; 15] = [
    "08",    // connection
    "25006", // a standby, or a server that is set to read only
    "25P03", // the transaction waited too long for us
    "25P04", // the transaction took too long
    "28",    // our login is not accepted
    "3D000", // there is no such database
    "3F000", // there is no schema that we may use
    "40",    // serialization failure, deadlock
    "42501", // we lack a privilege
    "42P01", // there is no such table; the server also says so if we may not use its schema
    "53",    // disk full, out of memory, too many connections
    "55000", // the database takes no connections
    "55P03", // a lock was waited for too long
    "57",    // cancelled, shutting down, starting up
    "58",    // the system
];

pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let transient = match &error {
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| TRANSIENT.iter().any(|transient| code.starts_with(transient))),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    };
    if transient {
        StoreError::Unavailable(advised(&error).into())
    } else {
        StoreError::Damaged(error.to_string())
    }
}

/// The error; if a privilege is missing that can be named, also which one.
fn advised(error: &sqlx::Error) -> String {
    let refused = error.as_database_error().and_then(|error| error.try_downcast_ref());
    let may_not_create = refused.is_some_and(|error: &PgDatabaseError| {
        // If we may not even connect, there is a detail that says so.
        error.code() == "42501"
            && error.message().starts_with("permission denied for database")
            && error.detail().is_none()
    });
    match may_not_create {
        true => format!("{error}: CREATE on the database is needed to make our schemas"),
        false => error.to_string(),
    }
}

/// Makes sure that a statement touched the rows it was meant for, no more and no fewer.
pub(super) fn expect_rows(
    what: &'static str,
    result: &PgQueryResult,
    rows: usize,
) -> Result<(), StoreError> {
    stored::expect_rows(what, result.rows_affected(), rows)
}
