//! What Postgres' errors mean.

use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

use crate::store::failure::Meaning;

/// Classes of SQLSTATE (the first two characters) of what may pass, by itself or because somebody sees to the
/// server: 08 the connection broke, 28 our login is not accepted, 53 the server is short of connections, memory or
/// disk, 57 it is shut down, has just started or its database was dropped, 58 its machine failed.
const PASSING_CLASSES: [&str; 5] = ["08", "28", "53", "57", "58"];

/// Other codes of what may pass: 3D000 there is no such database, 42501 we lack a privilege, 40001 a standby had to
/// remove rows that were being read (and serialization failures), 40P01 a deadlock, 55P03 and 55006 something is
/// locked or in use.
const PASSING: [&str; 6] = ["3D000", "42501", "40001", "40P01", "55P03", "55006"];

/// The statement timeout has passed, or somebody cancelled the statement.
const CANCELLED: &str = "57014";

/// There is no such schema, or no such table in it: the generation was dropped, or we may not look into it.
const GONE: [&str; 2] = ["3F000", "42P01"];

/// What an error means for a read; `None` where it is not Postgres'.
pub(crate) fn meaning(error: &(dyn DatabaseError + 'static)) -> Option<Meaning> {
    Some(meaning_of(error.try_downcast_ref::<PgDatabaseError>()?.code()))
}

/// Whether a statement failed because its tables do not exist.
pub(super) fn is_gone(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| GONE.contains(&&*code))
}

fn meaning_of(code: &str) -> Meaning {
    let passes = PASSING.contains(&code)
        || code.get(..2).is_some_and(|class| PASSING_CLASSES.contains(&class));
    match code {
        CANCELLED => Meaning::TooSlow,
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
            ("57P04", Meaning::MayPass),
            ("28P01", Meaning::MayPass),
            ("28000", Meaning::MayPass),
            ("3D000", Meaning::MayPass),
            ("42501", Meaning::MayPass),
            ("42703", Meaning::Damage),
            ("22021", Meaning::Damage),
        ] {
            assert_eq!(meaning_of(code), meaning, "{code}");
        }
    }
}
