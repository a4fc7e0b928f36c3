//! What SQLite's errors mean.

use sqlx::{error::DatabaseError, sqlite::SqliteError};

use crate::store::failure::Meaning;

/// The primary result codes, which are in the lower byte, of what may pass: SQLITE_BUSY, LOCKED, NOMEM,
/// READONLY (a WAL that must be recovered first), IOERR, FULL and CANTOPEN.
const PASSING: [i64; 7] = [5, 6, 7, 8, 10, 13, 14];

/// SQLITE_INTERRUPT: the deadline of a snapshot has passed.
const INTERRUPTED: i64 = 9;

/// What an error means for a read; `None` where it is not SQLite's.
pub(crate) fn meaning(error: &(dyn DatabaseError + 'static)) -> Option<Meaning> {
    let code = error.try_downcast_ref::<SqliteError>()?.code()?.parse::<i64>().ok()? & 0xff;
    Some(match code {
        INTERRUPTED => Meaning::TooSlow,
        code if PASSING.contains(&code) => Meaning::MayPass,
        _ => Meaning::Damage,
    })
}
