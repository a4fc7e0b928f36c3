//! Where people's data live: a file of SQLite, or a schema of a Postgres database. Nowhere else does
//! Cinelog keep a name, an address or a password.
//!
//! A store is opened here and its tables are brought up to date. What is done with them is written once, for
//! every `SqlStore`, and stands beside the port that promises it: `accounts/sql/`, `sessions/sql.rs` and so on.

mod error;
mod failure;
mod migrate;
mod postgres;
mod snapshot;
mod sql;
mod sqlite;

pub use error::StoreError;
pub(crate) use failure::is_taken;
pub use postgres::{PostgresIdentity, PostgresIdentityOptions};
pub(crate) use sql::{
    Connection, Row, SqlStore, Statement, forget, query, query_either, query_locking,
};
pub use sqlite::{SqliteIdentity, SqliteIdentityOptions};

use jiff::Timestamp;

/// A time as both stores keep it: microseconds since 1970.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A time that a store has kept.
pub(crate) fn timestamp(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(StoreError::damaged)
}
