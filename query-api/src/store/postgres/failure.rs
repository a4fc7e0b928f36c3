//! What Postgres' errors mean.

use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

use crate::store::failure::Meaning;

/// Classes of SQLSTATE (the first two characters) that may pass: 08 the connection broke, 53 the server
/// is short of connections, memory or disk, 57 somebody shuts it down or has just started it, 58 its
/// machine failed.
const PASSING_CLASSES: [&str; 4] = ["08", "53", "57", "58"];

/// What may pass besides: 40001 a standby had to take back rows that were being read (and serialization
/// failures), 40P01 a deadlock, 55P03 and 55006 something is locked or in use.
const PASSING: [&str; 4] = ["40001", "40P01", "55P03", "55006"];

/// The statement timeout has passed, or somebody cancelled the statement.
const CANCELLED: &str = "57014";

/// The database is gone.
const DROPPED: &str = "57P04";

/// What an error means for a read; `None` where it is not Postgres'.
pub(crate) fn meaning(error: &(dyn DatabaseError + 'static)) -> Option<Meaning> {
    Some(meaning_of(error.try_downcast_ref::<PgDatabaseError>()?.code()))
}

fn meaning_of(code: &str) -> Meaning {
    let passes = PASSING.contains(&code)
        || code.get(..2).is_some_and(|class| PASSING_CLASSES.contains(&class));
    match code {
        CANCELLED => Meaning::TooSlow,
        DROPPED => Meaning::Damage,
        _ if passes => Meaning::MayPass,
        _ => Meaning::Damage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        for (code, meaning) in [
            ("57014", Meaning::TooSlow),
            ("57P01", Meaning::MayPass),
            ("57P03", Meaning::MayPass),
            ("53300", Meaning::MayPass),
            ("53100", Meaning::MayPass),
            ("08006", Meaning::MayPass),
            ("40001", Meaning::MayPass),
            ("57P04", Meaning::Damage),
            ("42P01", Meaning::Damage),
            ("28P01", Meaning::Damage),
            ("22021", Meaning::Damage),
        ] {
            assert_eq!(meaning_of(code), meaning, "{code}");
        }
    }
}
