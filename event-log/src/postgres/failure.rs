//! What Postgres's errors mean here (https://www.postgresql.org/docs/current/errcodes-appendix.html).

use sqlx::{migrate::MigrateError, postgres::PgDatabaseError};

use crate::LogError;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The connection broke, or the server is on its way down or up: another connection may do.
    Broken,
    /// The transaction collided with another and was undone: once more may do.
    Collision,
    /// The server is there but does not write or answer now. Passes by itself, or by somebody's hand.
    Unavailable,
    /// The database cannot keep what it was given: the fault of that, and of nothing else.
    Unfit,
    /// The database is not what it must be, or refuses what must be right.
    Refused,
}

pub(super) fn kind(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::Database(error) => error.code().map_or(Kind::Refused, |code| of_code(&code)),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Kind::Broken,
        sqlx::Error::Encode(_) => Kind::Unfit,
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_)
        | sqlx::Error::Configuration(_) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

fn of_code(code: &str) -> Kind {
    match code {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Kind::Collision,
        // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout,
        // idle_in_transaction_session_timeout, too_many_connections
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" => Kind::Broken,
        // read_only_sql_transaction: a standby; invalid_catalog_name: no such database;
        // insufficient_privilege; lock_not_available.
        "25006" | "3D000" | "42501" | "55P03" => Kind::Unavailable,
        // check_violation
        "23514" => Kind::Unfit,
        _ => match code.get(..2) {
            // connection_exception
            Some("08") => Kind::Broken,
            // transaction_rollback, insufficient_resources (a full disk), operator_intervention
            // (query_canceled by its timeout), system_error (an input or output error),
            // invalid_authorization_specification
            Some("40" | "53" | "57" | "58" | "28") => Kind::Unavailable,
            // data_exception, program_limit_exceeded
            Some("22" | "54") => Kind::Unfit,
            _ => Kind::Refused,
        },
    }
}

/// What went wrong in the database, as the port tells it.
pub(super) fn log_error(error: sqlx::Error) -> LogError {
    match kind(&error) {
        Kind::Unfit | Kind::Refused => damaged(error.to_string()),
        _ => LogError::Unavailable(reason(&error)),
    }
}

/// What went wrong while the tables were brought up to date. Other than of the database's own
/// failures, those are tables which another version of Cinelog, or another program, has made.
pub(super) fn cannot_migrate(error: MigrateError) -> LogError {
    let what = "cannot bring the event log's tables up to date";
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if !matches!(kind(&error), Kind::Unfit | Kind::Refused) =>
        {
            LogError::Unavailable(format!("{what}: {}", reason(&error)))
        }
        error => damaged(format!("{what}: {error}")),
    }
}

pub(super) fn damaged(reason: String) -> LogError {
    LogError::Damaged { position: None, reason }
}

fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => "no connection to the Postgres server could be had".to_owned(),
        sqlx::Error::PoolClosed => "the log is closed".to_owned(),
        error => advised(error),
    }
}

/// What is wrong, and what would put it right where a right is missing that has a name.
fn advised(error: &sqlx::Error) -> String {
    let refused = error.as_database_error().and_then(|error| error.try_downcast_ref());
    let may_not_create = refused.is_some_and(|error: &PgDatabaseError| {
        // Who may not even connect is told so in the detail.
        error.code() == "42501"
            && error.message().starts_with("permission denied for database")
            && error.detail().is_none()
    });
    match may_not_create {
        true => format!("{error}: CREATE on the database is needed to make our schemas"),
        false => error.to_string(),
    }
}
